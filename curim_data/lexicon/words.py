"""Words made comparable; spellings of genders, kinds, states, ages and steps of scales, and of cells that hold nothing;
headings under which exports name places, and what in such a column is no name of a place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

_STROKES: Final = str.maketrans("łøđ", "lod")


def fold(text: str) -> str:
    """A word without case, accents, strokes through letters and the difference between blank, hyphen and underscore;
    final sigma is sigma.
    """
    return fold_accents(text).translate(_STROKES)


def fold_accents(text: str) -> str:
    """As `fold`, but letters keep their strokes, as they always did in ids."""
    kept = text.strip().casefold()
    if not kept.isascii():
        plain = unicodedata.normalize("NFKD", kept)
        kept = "".join(character for character in plain if not unicodedata.combining(character))
    return "_".join(kept.replace("_", " ").replace("-", " ").replace("ς", "σ").split())


_GENDER: Final = {
    "woman": (
        "woman, women, female, females, girl, lady, trans woman, f, w, "
        "γυναίκα, γυναίκες, γυνή, θήλυ, θηλυκό, κορίτσι, γ, θ, γυν, γυν., θηλ, θηλ., "
        "femme, femmes, féminin, féminine, fille, "
        "mujer, mujeres, femenino, femenina, hembra, niña, "
        "mulher, mulheres, feminino, feminina, menina, "
        "frau, frauen, weiblich, mädchen, "
        "donna, donne, femmina, femminile, ragazza, "
        "vrouw, vrouwen, vrouwelijk, meisje, sieviete, sievietes, dona, dones, femení, femenina, noia, nő, "
        "nők, női, lány, kobieta, kobiety, żeńska, dziewczyna, dziewczynka, "
        "femeie, femei, feminin, fată, "
        "mrs, mrs., ms, ms., miss, κα, κα., κυρία, mme, mme., mlle, madame, sra, sra., srta, srta., señora, senhora, "
        "sig.ra, sig.na, signora, mevr, mevr., mevrouw, mw, mw., pani, hölgy, kundze"
    ),
    "man": (
        "man, men, male, males, boy, trans man, "
        "άνδρας, άντρας, άνδρες, άντρες, άρρεν, άρρην, αρσενικό, αγόρι, ανδ, ανδ., αρρ, αρρ., "
        "homme, hommes, masculin, masculine, garçon, "
        "hombre, hombres, masculino, varón, varones, niño, "
        "homem, homens, menino, "
        "mann, männer, männlich, junge, "
        "uomo, uomini, maschio, maschile, ragazzo, "
        "man, mannen, mannelijk, jongen, vīrietis, vīrieši, home, homes, masculí, noi, férfi, férfiak, fiú, "
        "mężczyzna, mężczyźni, męska, chłopiec, "
        "bărbat, bărbați, băiat, "
        "mr, mr., κος, κ., κύριος, m., monsieur, sr, sr., señor, senhor, herr, sig., signor, signore, dhr, dhr., heer, "
        "de heer, pan, úr, kungs"
    ),
    "other": (
        "other, another, another gender, other gender, non binary, nonbinary, nb, enby, genderqueer, diverse, "
        "άλλο, άλλη, άλλος, άλλο φύλο, μη δυαδικό, μη δυαδικός, μη δυαδικό άτομο, "
        "autre, autres, non binaire, "
        "otro, otra, otros, otro género, no binario, no binaria, no binarie, "
        "outro, outra, outros, outro gênero, não binário, não binária, não binárie, "
        "divers, andere, anderes, nichtbinär, nicht binär, "
        "altro, altra, altro genere, non binario, non binaria, "
        "anders, overig, non-binair, cits, cita, altres, no binari, no binària, egyéb, más, nem bináris, "
        "inna, inny, inne, niebinarna, niebinarny, neutraal, altul, alta"
    ),
    "undisclosed": (
        "undisclosed, not disclosed, prefer not to say, prefer not to answer, prefer not to disclose, "
        "rather not say, declined, declined to answer, refused, refused to answer, not stated, withheld, "
        "δεν δηλώθηκε, δεν δηλώνω, δεν επιθυμώ να απαντήσω, δεν απαντώ, προτιμώ να μην απαντήσω, "
        "προτιμώ να μην πω, δεν θέλω να απαντήσω, χωρίς δήλωση, "
        "non précisé, non communiqué, non déclaré, ne souhaite pas répondre, préfère ne pas répondre, "
        "préfère ne pas dire, je préfère ne pas répondre, ne se prononce pas, "
        "prefiere no decirlo, prefiero no decirlo, prefiero no decir, prefiere no decir, prefiero no contestar, "
        "prefiero no responder, prefiere no responder, no contesta, no declarado, no declara, no informa, "
        "prefiro não dizer, prefere não dizer, prefiro não responder, prefere não responder, não declarado, "
        "não respondeu, "
        "keine angabe, k. a., k.a., möchte nicht angeben, möchte ich nicht angeben, ohne angabe, "
        "preferisco non dirlo, preferisce non dirlo, preferisco non rispondere, preferisce non rispondere, "
        "non dichiarato, non dichiara, non risponde, "
        "wil ik niet zeggen, zeg ik liever niet, geen antwoord, nevēlos norādīt, nevēlos atbildēt, "
        "prefereixo no dir-ho, prefereix no dir-ho, nem kívánja megadni, nem nyilatkozik, "
        "nem kívánok válaszolni, wolę nie podawać, odmowa odpowiedzi, odmowa, prefer să nu răspund"
    ),
    "unknown": (
        "unknown, unk, u, undetermined, not known, "
        "άγνωστο, άγνωστη, άγνωστος, αγν, αγν., "
        "inconnu, inconnue, indéterminé, "
        "desconocido, desconocida, indeterminado, indefinido, se desconoce, no consta, "
        "desconhecido, desconhecida, ignorado, "
        "unbekannt, unbestimmt, "
        "sconosciuto, sconosciuta, ignoto, indeterminato, "
        "onbekend, nezināms, nav zināms, desconegut, desconeguda, ismeretlen, nem ismert, nieznana, "
        "nieznany, nieznane, don't know, δεν γνωρίζω, δεν ξέρω, ne sait pas, je ne sais pas, no sabe, no sé, não sabe, "
        "não sei, weiß nicht, non so, weet niet, weet ik niet, nezinu, no ho sé, nem tudom, nie wiem"
    ),
}
_KIND: Final = {
    "risk": (
        "risk, risks, unsafe place, hazard, κίνδυνος, επισφάλεια, risque, risques, riesgo, risco, risiko, gefahr, "
        "rischio, pericolo, peligro, perigo, danger"
    ),
    "incivility": (
        "incivility, incivilities, anti social behaviour, antisocial behaviour, antisocial behavior, nuisance, "
        "όχληση, incivilité, incivilités, nuisances, incivismo, incivilidad, incivilidade, ordnungswidrigkeit, "
        "inciviltà"
    ),
    "offence": (
        "offence, offense, offences, offenses, crime, crimes, αδίκημα, έγκλημα, délit, infraction, "
        "delito, infracción, infracao, infração, crimen, straftat, verbrechen, delikt, reato, delitto"
    ),
}
_STATUS: Final = {
    "open": (
        "open, opened, reopened, new, in progress, pending, assigned, started, acknowledged, investigating, "
        "under investigation, under review, received, submitted, active, unresolved, unconfirmed, invest cont, "
        "ανοιχτή, ανοικτή, ανοιχτό, ανοικτό, νέα, νέο, σε εξέλιξη, εκκρεμεί, σε εκκρεμότητα, υπό διερεύνηση, "
        "ouverte, ouvert, nouveau, nouvelle, en cours, en attente, "
        "abierto, abierta, nuevo, nueva, en curso, en proceso, en trámite, pendiente, "
        "aberto, aberta, novo, nova, em andamento, em curso, pendente, "
        "offen, neu, in bearbeitung, in arbeit, ausstehend, "
        "aperto, aperta, nuovo, nuova, in corso, in lavorazione, in attesa, "
        "nieuw, in behandeling, atvērts, jauns, procesā, obert, oberta, en tràmit, pendent, nyitott, új, "
        "folyamatban, otwarte, nowe, w trakcie"
    ),
    "confirmed": (
        "confirmed, verified, approved, accepted, "
        "επιβεβαιωμένη, επιβεβαιωμένο, επαληθευμένη, "
        "confirmée, confirmé, vérifié, vérifiée, validé, validée, "
        "confirmado, confirmada, verificado, verificada, "
        "bestätigt, überprüft, "
        "confermato, confermata, verificato, verificata, "
        "bevestigd, apstiprināts, confirmat, megerősítve, potwierdzone"
    ),
    "resolved": (
        "resolved, closed, fixed, completed, complete, done, finished, solved, archived, "
        "adult arrest, juv arrest, adult other, juv other, "
        "επιλυμένη, επιλυμένο, διευθετημένη, διευθετημένο, κλειστή, κλειστό, ολοκληρώθηκε, ολοκληρωμένη, επιλύθηκε, "
        "résolue, résolu, clos, close, clôturé, clôturée, fermé, fermée, terminé, terminée, traité, traitée, "
        "resuelto, resuelta, cerrado, cerrada, finalizado, finalizada, terminado, solucionado, "
        "resolvido, resolvida, fechado, fechada, concluído, concluída, encerrado, encerrada, "
        "erledigt, gelöst, behoben, geschlossen, abgeschlossen, "
        "risolto, risolta, chiuso, chiusa, concluso, conclusa, completato, "
        "afgehandeld, gesloten, opgelost, slēgts, pabeigts, atrisināts, tancat, tancada, resolt, resolta, "
        "lezárt, lezárva, megoldva, zamknięte, zakończone, rozwiązane"
    ),
    "rejected": (
        "rejected, invalid, unfounded, refused, declined, dismissed, spam, duplicate, not accepted, "
        "απορριφθείσα, απορρίφθηκε, άκυρη, άκυρο, διπλή, "
        "rejetée, rejeté, refusé, refusée, sans suite, "
        "rechazado, rechazada, desestimado, desestimada, duplicado, "
        "rejeitado, rejeitada, indeferido, recusado, "
        "abgelehnt, zurückgewiesen, unbegründet, "
        "respinto, respinta, rifiutato, rifiutata, "
        "withdrawn, cancelled, canceled, void, ακυρώθηκε, ακυρωμένη, ακυρωμένο, αποσύρθηκε, annulé, annulée, "
        "retiré, retirée, cancelado, cancelada, anulado, anulada, retirado, retirada, zurückgezogen, "
        "storniert, annullato, annullata, ritirato, ritirata, afgewezen, ingetrokken, geannuleerd, "
        "noraidīts, atcelts, rebutjat, anul·lat, anul·lada, elutasítva, visszavonva, törölve, odrzucone, "
        "wycofane, anulowane"
    ),
}
# How words of a state begin that say more than the state ("Ritirata dal segnalante", "fixed - council"); of several in
# one text the first group counts. A text that denies something is read by nobody but a person.
_STATE_STEMS: Final = {
    "rejected": (
        "reject, invalid, refus, dismiss, unfound, spam, duplic, withdr, cancel, void, απορρ, ακυρ, αποσυρ, διπλ, "
        "rejet, annul, retir, rechaz, desestim, anul, desist, rejeit, indefer, abgel, zurück, unbegr, storn, "
        "respint, ritir, rifiut, afgew, ingetrok, geannul, noraid, atcel, atsauc, rebutj, elutas, visszav, töröl, "
        "odrzuc, wycof, retras, doubl, dublett, doppi, dubbel, kettős, ανακλ, dublik"
    ),
    "resolved": (
        "resol, closed, fixed, complet, done, finish, solved, archiv, επιλυ, διευθ, κλεισ, ολοκλ, διεκπ, clos, "
        "clôtur, ferm, cerrad, finaliz, finalitz, solucion, fechad, conclu, encerr, erledig, gelöst, behoben, "
        "geschl, abgeschl, risol, chius, evas, afgehand, geslot, opgelost, slēgt, pabeig, atrisin, tancad, lezár, "
        "megold, zamkn, zakończ, rozwiąz, rezolv"
    ),
    "confirmed": (
        "confirm, επιβεβ, verif, bestätig, bevestig, apstipr, potwierd, megerős, accert, avér, constat, "
        "geconstat, substantiat, megalapoz"
    ),
    "open": (
        "progress, investig, pending, received, registered, ανοικτ, ανοιχτ, εκκρεμ, ouvert, trámit, recib, "
        "abiert, entrada, analis, andament, recebid, abert, bearbeitung, eingang, eingegang, carico, protocoll, "
        "lavoraz, behandeling, ontvang, izskat, reģistrēt, saņemt, tràmit, intéz, iktat, folyamat, nyitott, toku, "
        "gemeld, przyjęt, otwart, lucru, primit, evaluat, evaluán, istrutt, instruct, prüf, review, κατατ, "
        "assegn, zugewies, pāradres"
    ),
}
_DENIED: Final = frozenset(
    fold(
        "not no non un unable ne pas sans nicht kein nao não sem sin nem nincs nie bez niet geen nav nu fără "
        "δεν μη μην χωρίς"
    ).split("_")
)
_AGE: Final = {
    "under_18": "under_18, minor, menor, menor de edad, mineur, minderjährig, minorenne, ανήλικος, ανήλικη, ανήλικο",
    "18_29": "18_29",
    "30_44": "30_44",
    "45_64": "45_64",
    "65_plus": "65_plus",
}
# Steps of a scale of five. Of scales with fewer words each word keeps its step, so that the order holds in every file.
_SEVERITY: Final = {
    "1": (
        "very low, minimal, negligible, trivial, very minor, "
        "πολύ χαμηλή, πολύ χαμηλό, ελάχιστη, ασήμαντη, "
        "très faible, minime, négligeable, "
        "muy baja, muy bajo, mínima, mínimo, "
        "muito baixa, muito baixo, "
        "sehr niedrig, sehr gering, minimal, "
        "molto bassa, molto basso, minima, minimo, "
        "zeer laag, ļoti zems, ļoti zema, molt baixa, molt baix, nagyon alacsony, bardzo niski, bardzo niska"
    ),
    "2": (
        "low, minor, slight, mild, non urgent, not urgent, "
        "χαμηλή, χαμηλό, χαμηλός, μικρή, ήπια, μη επείγον, μη επείγουσα, λίγο σοβαρό, λίγο σοβαρή, λίγο, "
        "faible, basse, bas, mineure, mineur, légère, léger, peu urgent, peu urgente, non urgent, non urgente, "
        "baja, bajo, leve, menor, no urgente, "
        "baixa, baixo, ligeira, não urgente, "
        "niedrig, gering, leicht, nicht dringend, "
        "bassa, basso, lieve, minore, "
        "laag, licht, zems, zema, baix, alacsony, niski, niska, lekki, lekka"
    ),
    "3": (
        "medium, moderate, normal, average, standard, "
        "μέτρια, μέτριο, μεσαία, μεσαίο, μεσαίος, κανονική, κανονικό, μέτρια σοβαρό, "
        "μέτρια σοβαρή, αρκετά σοβαρό, αρκετά σοβαρή, "
        "moyenne, moyen, modérée, modéré, normale, "
        "media, medio, moderada, moderado, "
        "média, médio, "
        "mittel, mäßig, mittlere, "
        "moderata, moderato, "
        "gemiddeld, matig, vidējs, vidēja, mitjana, mitjà, közepes, średni, średnia, umiarkowany"
    ),
    "4": (
        "high, major, severe, serious, important, "
        "υψηλή, υψηλό, υψηλός, μεγάλη, σοβαρή, σοβαρό, "
        "élevée, élevé, haute, haut, forte, importante, grave, majeure, majeur, "
        "alta, alto, mayor, importante, "
        "elevada, elevado, "
        "hoch, schwer, erheblich, "
        "elevata, elevato, "
        "hoog, ernstig, augsts, augsta, alt, magas, súlyos, wysoki, wysoka, poważny, poważna"
    ),
    "5": (
        "critical, very high, urgent, emergency, extreme, immediate, very severe, "
        "κρίσιμη, κρίσιμο, κρίσιμος, πολύ υψηλή, πολύ υψηλό, επείγουσα, επείγον, άμεση, "
        "άμεσο, πολύ σοβαρή, πολύ σοβαρό, "
        "critique, urgente, très urgent, très urgente, très élevée, très élevé, très grave, extrême, urgence, "
        "crítica, crítico, muy alta, muy alto, muy grave, extrema, emergencia, "
        "muito alta, muito alto, muito grave, emergência, "
        "kritisch, sehr hoch, dringend, sehr dringend, sehr schwer, sofort, "
        "critica, critico, molto alta, molto alto, molto elevata, molto grave, emergenza, urgentissima, "
        "zeer hoog, spoed, zeer ernstig, ļoti augsts, ļoti augsta, molt alta, molt alt, nagyon magas, sürgős, "
        "bardzo wysoki, bardzo wysoka, krytyczny, pilne"
    ),
}
_FEELING: Final = {
    "1": (
        "very unsafe, extremely unsafe, not safe at all, not at all safe, very insecure, "
        "πολύ ανασφαλής, πολύ ανασφαλές, πολύ ανασφαλή, καθόλου ασφαλής, καθόλου ασφαλές, μεγάλη ανασφάλεια, "
        "πολύ ανασφάλεια, πολύ μη ασφαλής, "
        "pas du tout en sécurité, très peu en sécurité, pas du tout sûr, pas du tout sûre, très insécure, "
        "très en insécurité, pas du tout sécurisé, pas du tout rassuré, pas du tout rassurée, "
        "muy inseguro, muy insegura, nada seguro, nada segura, "
        "muito inseguro, muito insegura, nada seguro, nada segura, "
        "sehr unsicher, gar nicht sicher, überhaupt nicht sicher, "
        "molto insicuro, molto insicura, per niente sicuro, per niente sicura, per nulla sicuro, per nulla sicura, "
        "molto poco sicuro, molto poco sicura, molto insicuri, "
        "zeer onveilig, heel onveilig, ļoti nedroši, ļoti nedroša, gens segur, gens segura, molt insegur, "
        "molt insegura, egyáltalán nem biztonságos, bardzo niebezpiecznie, bardzo niebezpieczna, bardzo "
        "niebezpieczny"
    ),
    "2": (
        "unsafe, rather unsafe, somewhat unsafe, a bit unsafe, not safe, insecure, fairly unsafe, "
        "ανασφαλής, ανασφαλές, ανασφαλή, μάλλον ανασφαλής, λίγο ανασφαλής, όχι ασφαλής, όχι ασφαλές, λίγο ασφαλής, "
        "ανασφάλεια, μη ασφαλής, μη ασφαλές, "
        "peu en sécurité, pas en sécurité, plutôt pas en sécurité, en insécurité, peu sûr, peu sûre, insécure, "
        "pas rassuré, pas rassurée, insécurité, plutôt en insécurité, "
        "inseguro, insegura, poco seguro, poco segura, algo inseguro, algo insegura, "
        "pouco seguro, pouco segura, um pouco inseguro, um pouco insegura, "
        "unsicher, eher unsicher, nicht sicher, etwas unsicher, "
        "insicuro, insicura, poco sicuro, poco sicura, abbastanza insicuro, abbastanza insicura, piuttosto insicuro, "
        "onveilig, nedroši, nedroša, insegur, poc segur, poc segura, nem biztonságos, niebezpiecznie, "
        "niebezpieczna, niebezpieczny, raczej niebezpiecznie"
    ),
    "3": (
        "neutral, neither, neither safe nor unsafe, so so, indifferent, "
        "ουδέτερο, ουδέτερη, ουδέτερος, ουδέτερα, ούτε ασφαλής ούτε ανασφαλής, έτσι κι έτσι, μέτρια, "
        "neutre, ni l'un ni l'autre, moyennement en sécurité, ni en sécurité ni en insécurité, "
        "neutral, neutro, neutra, ni seguro ni inseguro, ni segura ni insegura, regular, indiferente, "
        "nem seguro nem inseguro, nem segura nem insegura, mais ou menos, "
        "weder noch, teils teils, weder sicher noch unsicher, mittel, "
        "neutrale, né sicuro né insicuro, né sicura né insicura, così così, "
        "neutraal, noch veilig noch onveilig, neitrāli, neutre, semleges, neutralnie"
    ),
    "4": (
        "safe, rather safe, fairly safe, somewhat safe, quite safe, secure, "
        "ασφαλής, ασφαλές, ασφαλή, μάλλον ασφαλής, αρκετά ασφαλής, ασφάλεια, "
        "en sécurité, plutôt en sécurité, assez en sécurité, sûr, sûre, rassuré, rassurée, sécurité, "
        "seguro, segura, bastante seguro, bastante segura, algo seguro, algo segura, "
        "relativamente seguro, relativamente segura, razoavelmente seguro, razoavelmente segura, "
        "sicher, eher sicher, ziemlich sicher, "
        "sicuro, sicura, abbastanza sicuro, abbastanza sicura, piuttosto sicuro, piuttosto sicura, "
        "veilig, tamelijk veilig, droši, droša, segur, bastant segur, bastant segura, biztonságos, "
        "bezpiecznie, bezpieczna, bezpieczny, raczej bezpiecznie"
    ),
    "5": (
        "very safe, completely safe, totally safe, extremely safe, very secure, "
        "πολύ ασφαλής, πολύ ασφαλές, πολύ ασφαλή, απόλυτα ασφαλής, απολύτως ασφαλής, μεγάλη ασφάλεια, "
        "très en sécurité, tout à fait en sécurité, très sûr, très sûre, parfaitement en sécurité, très rassuré, "
        "très rassurée, "
        "muy seguro, muy segura, totalmente seguro, totalmente segura, "
        "muito seguro, muito segura, "
        "sehr sicher, völlig sicher, "
        "molto sicuro, molto sicura, del tutto sicuro, del tutto sicura, totalmente sicuro, "
        "zeer veilig, heel veilig, ļoti droši, ļoti droša, molt segur, molt segura, teljesen biztonságos, "
        "bardzo bezpiecznie, bardzo bezpieczna, bardzo bezpieczny"
    ),
}


def _table(spellings: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({fold(word): value for value, words in spellings.items() for word in words.split(", ")})


def _genders() -> Mapping[str, str]:
    """The words for genders, those for women and men with "cis" and "trans" before or after them too."""
    words = _table(_GENDER)
    both = {word: value for word, value in words.items() if value in ("woman", "man") and len(word) > 2}
    forms = [f"{{}}_{kind}" for kind in _KINDS_OF_GENDER] + [f"{kind}_{{}}" for kind in _KINDS_OF_GENDER]
    return MappingProxyType({form.format(word): value for word, value in both.items() for form in forms} | dict(words))


_KINDS_OF_GENDER: Final = (
    "cis",
    "trans",
    "cisgender",
    "transgender",
    "cisgenero",
    "transgenero",
    "cisgenre",
    "transgenre",
)
_GENDERS: Final = _genders()
# By role, the folded spelling (`formats.base.fold`) and the value of the enum. Letters that mean one gender in one
# language and another in the next are not here: `gender_words` reads them.
WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "reporter_gender": _GENDERS,
        "affected_gender": _GENDERS,
        "kind": _table(_KIND),
        "status": _table(_STATUS),
        "age_band": _table(_AGE),
    }
)
_STEMS: Final = {state: tuple(map(fold, stems.split(", "))) for state, stems in _STATE_STEMS.items()}
# By role, the folded spelling and the step (1 to 5) of a scale that is written in words.
SCALES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {"severity": _table(_SEVERITY), "feeling": _table(_FEELING)}
)
_NUMBERED: Final = re.compile(r"^\W*\d{1,2}\s*[-–—.:)=]+\s*|\s*\(\d{1,2}\)$")

_MISSING: Final = (
    "|null|nul|nil|none|n/a|#n/a|na|n.a.|nan|nat|\\n|?|??|???|.|/|–|—|*|(null)|(none)|(blank)|<null>|<na>|"
    "unknown|unspecified|not specified|not available|not applicable|not known|not recorded|no data|blank|empty|"
    "missing|undefined|tbd|"
    "άγνωστο|άγνωστη|άγνωστος|κενό|δ/α|δ.α.|δεν υπάρχει|χωρίς τιμή|δεν ορίστηκε|δεν αναφέρεται|χωρίς ώρα|άγνωστη ώρα|"
    "inconnu|inconnue|non renseigné|non renseignée|non spécifié|non spécifiée|non précisé|non précisée|non indiquée|"
    "non disponible|vide|aucun|aucune|n.c.|heure inconnue|sans heure|"
    "desconocido|desconocida|indefinido|no consta|no especificado|no especificada|sin especificar|sin datos|ninguno|"
    "s/d|s/h|nulo|ignorada|hora desconocida|sin hora|"
    "desconhecido|desconhecida|não informado|não informada|não especificado|não especificada|sem informação|nenhum|"
    "ignorado|sem hora|hora ignorada|"
    "unbekannt|keine|keine angabe|k.a.|leer|ohne angabe|nicht angegeben|zeit unbekannt|uhrzeit unbekannt|ohne uhrzeit|"
    "sconosciuto|sconosciuta|non specificato|non specificata|non indicato|non indicata|nessuno|nessuna|vuoto|n.d.|"
    "ora sconosciuta|senza ora|unbek.|unb.|onbekend|onb.|niet bekend|nezināms|nav zināms|nav datu|desconegut|"
    "desconeguda|sense dades|ismeretlen|nincs adat|nieznany|nieznana|brak danych|brak|b.d."
)
# Folded words that stand for an empty cell, whatever the column.
MISSING: Final[frozenset[str]] = frozenset(fold(word) for word in _MISSING.split("|"))

_SEVERAL: Final = re.compile(r"[/,;|+&\n]| (?:and|και|et|y|e|und) ")
# The letters of a woman and of a man under the headings of a language.
_LETTERS: Final = tuple(
    (re.compile(heading), woman, man)
    for heading, woman, man in (
        (
            "sexo|genero|victima|denunciante|afectad|perjudicad|agraviad|damnificad|lesionad|ofendid|solicitante",
            "m",
            "v",
        ),
        ("geslacht|m/v|v/m", "v", "m"),
        ("plec|k/m|kjonn|(^|_)kon($|_)", "k", "m"),
        ("dzimum", "s", "v"),
        ("sesso|genere", "d", "u"),
        ("sexe|genere", "d", "h"),
        ("lyti", "m", "v"),
        ("(^|_)neme?($|_)", "n", "f"),
        ("sukupuoli", "n", "m"),
        ("pohlavi|(^|_)spol", "z", "m"),
    )
)
_WOMAN_LETTERS: Final = {"f", "w"}
_WOMEN: Final = {word for word, value in _GENDERS.items() if value == "woman" and len(word) > 1}


_ARTICLE: Final = re.compile(
    r"^(?:(?:an?|un|une|una|uno|um|uma|eine?|een|μια|ενασ|person|personne|persona|pessoa|persoon|osoba)_)+"
)


def scale_step(role: str, text: str) -> str | None:
    """The step, "1" to "5", that a word of a scale stands for ("High", "2 - Low", "Hoch (4)"); None where it is none.

    The word counts, not the number before it: priority 1 is the most urgent in one city and the least in the next.
    """
    return SCALES[role].get(fold(text)) or SCALES[role].get(fold(_NUMBERED.sub("", text)))


@lru_cache(4096)
def state_of(text: str) -> str | None:
    """The state of a case that a text stands for, by its whole or by how its words begin; None where neither says."""
    whole = fold(text)
    words = re.findall(r"[^\W\d_]+", whole)
    if whole in WORDS["status"] or not _DENIED.isdisjoint(words):
        return WORDS["status"].get(whole)
    return next((state for state, stems in _STEMS.items() if any(word.startswith(stems) for word in words)), None)


def gender_parts(text: str) -> tuple[str, ...]:
    """The folded words of a cell that holds the genders of several persons ("F/F", "Γυναίκα/Άνδρας"); else its own,
    without an article ("une femme").
    """
    whole = fold(text)
    if whole in _GENDERS:
        return (whole,)
    parts = tuple(fold(part) for part in _SEVERAL.split(text) if part.strip())
    return parts if len(parts) > 1 else (_ARTICLE.sub("", whole),)


def gender_words(values: Iterable[str], label: str = "") -> Mapping[str, str]:
    """The table for a column of genders, single letters read by what else stands in the whole of it.

    `values`: the distinct spellings of the column, folded or not. M is a man next to F or W (or a woman's whole word)
    and a woman next to H; H is a man next to F or M; D is divers next to M and W; A (alpha) is a man next to gamma or
    theta. Others are read by the language of the heading, `label` (`_LETTERS`): V is a man (varón) next to M in
    Spanish and a woman (vrouw) in Dutch. A letter that the column does not settle is left out. A cell that holds
    several persons of one gender ("F/F") has it; of several genders it has none.
    """
    cells = {fold(value): gender_parts(value) for value in values}
    there = set(cells).union(*cells.values())
    women = there & _WOMAN_LETTERS
    letters: dict[str, str] = {}
    if "h" in there and "v" not in there and not ("m" in there and women):
        if "m" in there and not there & _WOMEN:
            letters |= {"h": "man", "m": "woman"}
        elif "f" in there:
            letters["h"] = "man"
    elif "m" in there and "h" not in there and "v" not in there and (women or there & _WOMEN):
        letters["m"] = "man"
    for heading, woman, man in _LETTERS:
        if {woman, man} <= there and heading.search(fold(label)) and not there & ({"h", *_WOMAN_LETTERS} - {man}):
            letters |= {woman: "woman", man: "man"}
    if "d" in there and {"m", "w"} <= there:
        letters["d"] = "other"
    if "α" in there and there & {"γ", "θ"}:
        letters["α"] = "man"
    known = {**_GENDERS, **letters}
    several = {cell: {known.get(one) for one in parts} for cell, parts in cells.items() if parts != (cell,)}
    alike = {cell: one for cell, meant in several.items() if len(meant) == 1 and (one := next(iter(meant)))}
    return known | alike


_BANDS: Final = (
    ("under_18", 0, 17),
    ("18_29", 18, 29),
    ("30_44", 30, 44),
    ("45_64", 45, 64),
    ("65_plus", 65, 120),
)
_OLDEST: Final = 120
_FILLING: Final = frozenset(
    "years year yrs yr old age aged ages of the de des del da do di der la le les los das años anos ano ans an "
    "jahre jahren jahr anni anno ετη ετων χρονια χρονων χρονων ηλικιασ των τα και y et e und and between entre zwischen"
    " tra fra μεταξυ edad idade eta alter que ou o or".replace("ñ", "n").split()
)
_JOINING: Final = frozenset(
    {"to", "a", "ate", "bis", "εωσ", "μεχρι", "al", "au", "through", "from", "von", "απο", "ab"}
)
# Words before or after the one number of an open span: is the number itself part of it?
_BELOW: Final = {
    "<": False, "under": False, "below": False, "menor": False, "menores": False, "menos": False,
    "less": False, "younger": False, "moins": False, "unter": False, "meno": False, "κατω": False, "minori": False,
    "<=": True, "≤": True, "ate": True, "bis": True, "εωσ": True, "μεχρι": True, "hasta": True, "jusqu": True,
    "up": True, "fino": True,
}  # fmt: skip
_ABOVE: Final = {
    ">": False, "over": False, "above": False, "mas": False, "mayor": False, "mayores": False, "plus": False,
    "mais": False, "maior": False, "uber": False, "ανω": False, "piu": False, "oltre": False, "more": False,
    "older": False, ">=": True, "≥": True, "+": True, "ab": True, "from": True, "alter": True, "απο": True,
}  # fmt: skip


def age_band(text: str) -> str | None:
    """The band that holds a whole age or a whole span of ages; None where there is none or it lies in several.

    0, -1 and ages above 120 stand for unknown ages in the exports met, so a single 0 gives none.
    """
    folded = fold(text.replace("–", "-").replace("—", "-").replace("−", "-"))
    if folded in WORDS["age_band"]:
        return WORDS["age_band"][folded]
    span = _span(text.strip(), folded)
    if span is None:
        return None
    low, high = span
    return next((name for name, first, last in _BANDS if first <= low <= high <= last), None)


def _span(text: str, folded: str) -> tuple[int, int] | None:
    if re.fullmatch(r"\d{1,3}(?:[.,]0+)?", text):
        age = int(re.split(r"[.,]", text)[0])
        return (age, age) if 0 < age <= _OLDEST else None
    if text.startswith(("-", "−")):
        return None
    pieces = [piece for piece in re.findall(r"\d+|<=|>=|[<>≤≥+]|[^\W\d_]+", folded) if piece not in _FILLING]
    numbers = [int(piece) for piece in pieces if piece.isdecimal()]
    words = [piece for piece in pieces if not piece.isdecimal()]
    if len(numbers) == 2 and all(word in _JOINING for word in words):
        return (numbers[0], numbers[1]) if numbers[0] <= numbers[1] <= _OLDEST else None
    if len(numbers) != 1 or numbers[0] > _OLDEST:
        return None
    return _open_span(numbers[0], words, pieces[0].isdecimal())


def _open_span(number: int, words: list[str], number_first: bool) -> tuple[int, int] | None:
    """The span of "under 18", "65+", "more than 74": a word after the number includes the number."""
    limits = [word for word in words if word in _BELOW or word in _ABOVE]
    rest = [word for word in words if word not in limits and word not in {"than", "a", "to"}]
    if rest:
        return None
    if not limits:
        return (number, number) if not words and number > 0 else None
    word = limits[0]
    if word in _BELOW and not (number_first and word in _ABOVE):
        return (0, number if _BELOW[word] or number_first else number - 1)
    return (number if _ABOVE[word] or number_first else number + 1, _OLDEST)


# Folded headings; "area" columns may turn out to hold numbers ("District 11"), "street" ones hold house numbers.
AREA_HEADINGS: Final = frozenset(
    [
        "neighbourhood",
        "neighborhood",
        "neighbourhood_name",
        "neighborhood_name",
        "sna_neighborhood",
        "cpd_neighborhood",
        "community_council_neighborhood",
        "community_area_name",
        "boro",
        "boro_nm",
        "borough",
        "borough_name",
        "area_name",
        "district_name",
        "distrito",
        "nom_distrito",
        "barrio",
        "nombre_barrio",
        "bezirk",
        "stadtteil",
        "ortsteil",
        "quartier",
        "nom_quartier",
        "commune",
        "nom_commune",
        "locality",
        "town",
        "suburb",
        "city",
        "city_name",
        "municipality",
        "lsoa_name",
        "ward_name",
        "comune",
        "quartiere",
        "bairro",
        "concelho",
        "freguesia",
        "δημοσ",
        "συνοικια",
        "γειτονια",
        "περιοχη",
        "δημοτικη_κοινοτητα",
        "δημοτικη_ενοτητα",
        "διαμερισμα",
        "οικισμοσ",
    ]
)
STREET_HEADINGS: Final = frozenset(
    [
        "location",
        "localizacion",
        "street",
        "street_name",
        "block",
        "block_address",
        "hundred_block",
        "on_street",
        "on_street_name",
        "road",
        "road_name",
        "calle",
        "rue",
        "nom_rue",
        "strasse",
        "strassenname",
        "οδοσ",
        "δρομοσ",
        "τοποθεσια",
        "rua",
        "lugar",
    ]
)
# What a numbered area is called, by heading; a column of words under such a heading names areas.
NUMBERED_HEADINGS: Final = {
    **dict.fromkeys(("precinct", "addr_pct_cd", "complaint_precinct_code"), "precinct"),
    **dict.fromkeys(("district", "police_district", "police_districts", "dist"), "district"),
    **dict.fromkeys(("community_area", "community_areas"), "community_area"),
    **dict.fromkeys(("ward", "wards"), "ward"),
    "arrondissement": "arrondissement",
    "sector": "sector",
    "zone": "zone",
    "beat": "beat",
}
# Folded texts that stand in such columns and name no place; police.uk gives kinds of places for want of a street.
NO_PLACE: Final = frozenset(
    [
        "no_location",
        "on_or_near",
        "unknown",
        "unspecified",
        "none",
        "null",
        "n/a",
        "not_recorded",
        "offset_to_protect_privacy",
        "supermarket",
        "petrol_station",
        "parking_area",
        "shopping_area",
        "sports/recreation_area",
        "park/open_space",
        "nightclub",
        "hospital",
        "police_station",
        "prison",
        "further/higher_educational_building",
        "theatre/concert_hall",
        "conference/exhibition_centre",
        "pedestrian_subway",
        "bus/coach_station",
        "motorway_service_area",
        "airport/airfield",
        "ferry_terminal",
        "theme/adventure_park",
        "race_track",
        "docks",
        "street",
        "highway",
        "road",
        "avenue",
        "αγνωστο",
        "αγνωστη",
        "inconnu",
        "desconocido",
    ]
)
BEFORE: Final = ("on or near ", "in or near ", "near ", "at ")  # what police.uk and others put before a street
SMALL_WORDS: Final = frozenset(
    [
        "de",
        "del",
        "della",
        "des",
        "di",
        "do",
        "dos",
        "du",
        "la",
        "le",
        "les",
        "of",
        "the",
        "and",
        "y",
        "e",
        "et",
        "van",
        "von",
        "der",
        "und",
        "των",
        "του",
        "της",
    ]
)
COMPASS: Final = frozenset(["n", "s", "e", "w", "ne", "nw", "se", "sw"])
