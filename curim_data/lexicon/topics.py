"""What the name of a category speaks of."""

from __future__ import annotations

import re
from typing import Final

from curim_data.lexicon.folding import fold
from curim_data.model import Kind

# Words that hold a stem of the next list and mean something else.
_HARMLESS: Final = re.compile(
    r"(larm|geruchs|rauch|staub)belastig\w*|belastigung durch (larm|geruch|rauch)\w*"
    r"|\bmolestie (olfattiv|acustic)\w*"
    r"|\bviolac(ion|iones|ao|oes) (de|del|do|da|dos|das) (la |el |las |los |a |o )?"
    r"(domicilio|ley|lei|norma|ordenanza|reglamento|regras|correspondencia|secreto|sigilo|transito|trafico|direitos"
    r"|derechos|privacidad|privacidade|horario)\w*"
    r"|\b(parking|traffic|weapons?|liquor|law|probation|court|order|code|ordinance) viols?\b|\bviols? of\b"
)
_SENSITIVE: Final = re.compile(
    "|".join(
        (
            r"harr?ass|\brap(e|es|ed|ist|ists|ing)\b|\bsex\b|sexual|sexist|\bsex (crime|offen)",
            r"grop(e|ed|es|ing)\b|\bogl",
            r"\bstalk(s|er|ers|ed|ing)?\b|indecen|exhibitionis|lewd|voyeur|upskirt|peeping|cat ?call|wolf whistl",
            r"\bmolest(s|ed|er|ers|ing|ation)?\b|\bunwanted (touch|contact|sexual)|\btouching\b|incest|sodom|\bporn",
            r"domestic (violence|abuse|assault|battery|incident|dispute)|intimate partner",
            r"(spous|partner)\w* (abuse|assault)",
            r"gender based|gender violence|violence against (women|girls)|femicid|feminicid|genital|forced marriage",
            r"prostitut|sex work|\bpandering\b|\bpimping\b|\bdowry",
            r"παρενοχλ|βιασμ|βιαστ|σεξουαλ|ασελγ|ενδοοικογεν|εμφυλ|γενετησι|γυναικοκτον|επιδειξια|επιδειξιμ",
            r"εκπορνευ|πορνεια",
            r"(βια|κακοποιηση) (κατα )?(των )?γυναικ|ανεπιθυμητ\w* (αγγιγμα|επαφη|σεξ)|θωπει|ηδονοβλεψ|καταδιωκτικ",
            r"harcel|\bviols?\b|\bviole(e|es|ur|urs)\b|attouchement|sexuel|exhibition sex|conjugal|frotteur",
            r"violences? (domestique|intrafamilial|familial|faite|contre les femmes|sexiste|de genre)",
            r"\bacos[oa]\b|\bacosos\b|\bacosad|violac(ion|iones|ao|oes)\b|tocamiento|manose|agresion sex",
            r"violencia (de genero|domestica|machista|intrafamiliar|familiar|contra (la|a|las) mujer|contra a mulher)",
            r"violencia (contra|sobre) (la |a |as |las )?(mujer|mulher)|exhibicionis|estupr|assedi",
            r"importunacao|pudor",
            r"belastig|vergewaltig|sexuell|sexualdelikt|hauslich\w* gewalt|\bgrapsch|begrapsch|nachstellung",
            r"zwangsheirat",
            r"\bmolestie\b|molestator|stupr|sessual",
            r"violenza (domestica|di genere|carnale|sulle donne|contro le donne)",
            r"palpeggia|atti osceni|esibizionis|maltrattamenti in famiglia|tocament",
        )
    )
)
_INCIVILITY: Final = re.compile(
    "|".join(
        (
            r"anti ?social|\bnois|\bloud\b|litter|rubbish|garbage|\btrash|dumping|fly ?tip|graffiti",
            r"\banimals?\b|\bdogs?\b",
            r"nuisance|disorderly|illegal(ly)? park|abandoned (vehicle|car)|urinat|\bbegg|panhandl|rowd",
            r"\bloiter|rodent",
            r"dirty|incivil|unsanitary|public drink|drinking in|weeds|odou?r|smell",
            r"θορυβ|ηχορυπ|σκουπιδ|απορριμμα|γκραφιτι|\bζωα\b|\bζωων\b|αδεσποτ|σκυλ|οχληση|οχλησ",
            r"παρανομη σταθμευση|βρωμι|ουρηση",
            r"bruit|tapage|dechet|ordures|depots? sauvage|\btags?\b|animaux|\bchiens?\b|nuisances",
            r"stationnement genant|salete",
            r"ruido|basura|grafiti|pintada|\bperros?\b|animales|residuos|molestias? (por|vecinal)|botellon",
            r"orina|suciedad|incivismo",
            r"barulho|\blixo\b|entulho|pichacao|grafite|animais|\bcaes\b|\bcao\b|perturbacao do sossego",
            r"sujidade|estacionamento irregular",
            r"\blarm|ruhestor|\bmull|\babfall|schmiererei|\btiere?\b|\bhunde?\b|falschpark|verschmutz",
            r"geruchsbelast|unrat",
            r"rumor|schiamazz|rifiut|imbratta|animali|\bcan[ei]\b|degrado|sosta vietata|sporcizia",
            r"molestie (olfattiv|acustic)",
        )
    )
)
_RISK: Final = re.compile(
    "|".join(
        (
            r"\baccidents?\b|\bcrash|\bcollisions?\b|\bpot ?holes?\b|street ?light|\bunlit\b|poor(ly)? li(t|ght)",
            r"\bunsafe\b|\bhazard|\bdangerous (place|road|building|crossing)",
            r"ατυχημα|συγκρουσ|παρασυρσ|λακκουβ|φωτισμ|επικινδυν|ανασφαλ",
            r"\baccidente|\bcolision|\batropello|\bcaidas?\b|\bchoques?\b|\bbaches?\b|alumbrado",
            r"\bacidente|\bcolisao|\bcolisoes|\batropelamento|\bburacos?\b|iluminacao",
            r"\beclairage|\bdangereu|nid(s)? de poule|\bchutes?\b",
            r"unfall|zusammensto|schlagloch|beleuchtung|gefahrenstelle",
            r"incident[ei] stradal|\binvestiment|\bbuc(a|he) stradal|illuminazione|pericolos",
        )
    )
)


def is_sensitive(text: str) -> bool:
    """Whether the name of a category speaks of sexual or gender-based harm, in one of the languages known.

    In doubt it does: what is sensitive is shown more coarsely, never more finely.
    """
    return bool(_SENSITIVE.search(_HARMLESS.sub(" ", _plain(text))))


def kind_of(text: str) -> Kind | None:
    """INCIVILITY where the name of a category speaks of noise, litter, animals and the like; RISK where it speaks of
    accidents, of bad light and of places that are dangerous; else None.
    """
    plain = _plain(text)
    if is_sensitive(text) or re.search(r"cruel|fight|theft|robber|weapon", plain):
        return None
    if _RISK.search(plain):
        return Kind.RISK
    return Kind.INCIVILITY if _INCIVILITY.search(plain) else None


def _plain(text: str) -> str:
    """Folded words with single blanks: letters and digits only."""
    return " ".join(re.findall(r"\w+", fold(text).replace("_", " ")))
