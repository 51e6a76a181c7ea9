"""What the words of a heading say of its column, in seven languages and in the abbreviations of police exports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from curim_data.formats.base import fold, is_personal, is_text


def word_set(words: str) -> frozenset[str]:
    """The words of a text, folded."""
    return frozenset(fold(word) for word in words.split())


_set = word_set


# One concept a line group: English (with abbreviations), Greek, French, Spanish, Portuguese, German, Italian.
DATE: Final = _set(
    "date dates dt dte dat dtm datetime timestamp ts moment when dh dthr ημερομηνία ημνια ημνία ημερ ημ ημερομηνίες "
    "horodatage horodate dateheure fecha fechas fec fch fechahora data dta datahora dataora datum zeitpunkt "
    "zeitstempel πότε quand cuándo wann"
)
TIME: Final = _set(
    "time tm tme clock hour hr hrs ώρα ώρες ώρας heure heures horaire hora hra horas horario horário uhrzeit uhr zeit "
    "ora ore orario oraria horaria horária hhmm"
)
YEAR: Final = _set("year yr έτος έτους anio anyo χρονιά annee année an año ano jahr anno")
MONTH: Final = _set("month mth μήνας μήνα mois mes mês monat mese")
DAY: Final = _set("day ημέρα μέρα jour día dia tag giorno")
HOUR: Final = _set("hour hr hh ώρα heure hora hra stunde stunden stundenintervall ora")
MINUTE: Final = _set("minute min minutes mm λεπτό λεπτά minuto minutos minuten minuti")
SECOND: Final = _set("second seconds sec ss δευτερόλεπτο seconde segundo sekunde secondo")

OCCURRED: Final = _set(
    "occurred occured occur occ occurrence occurence happened incident incidents offense offence event crime crm "
    "commission committed accident "
    "συμβάν συμβάντος συμβάντων περιστατικό περιστατικού τέλεσης τέλεση γεγονός γεγονότος αδικήματος αδίκημα "
    "εγκλήματος διάπραξης συνέβη έγινε επεισοδίου επεισόδιο ατυχήματος ατύχημα "
    "fait faits incident événement evenement survenue survenance survenu infraction commis délit agression "
    "hecho hechos suceso sucesos incidente ocurrencia ocurrido ocurrió pasó sucedió comisión perpetración delito "
    "evento accidente siniestro "
    "ocorrência ocorrido ocorreu aconteceu fato fatos facto factos ocorrências crime acidente delito sinistro "
    "tat vorfall vorfalls vorfalles ereignis ereignisses begangen begehung begehungs unfall unfalls "
    "geschehen geschah passiert delikt delikts "
    "accaduto accadimento successo avvenuto avvenimento fatto fatti reato evento incidente sinistro delitto commesso"
)
START: Final = _set(
    "from fr begin beginning start started since earliest από έναρξη έναρξης αρχή αρχική début debut depuis du ini "
    "inicio inicial desde comienzo "
    "início von beginn ab anfang anfangs frühestens inizio iniziale dal da"
)
END: Final = _set(
    "to end ended ending stop stopped finish finished until till thru latest έως λήξη λήξης τέλος τελική μέχρι "
    "fin jusqu au final hasta fim até "
    "término término ende bis spätestens fine finale al"
)
REPORTED: Final = _set(
    "reported report rptd rpt rep received created create creation submitted opened open registered registration "
    "recorded record logged lodged call requested request filed entered entry posted complaint intake reg "
    "αναφορά αναφοράς καταγγελία καταγγελίας καταχώρηση καταχώρησης καταχώριση καταχώρισης υποβολή υποβολής δήλωσης "
    "λήψης δημιουργίας καταγραφής καταγραφή πρωτοκόλλου πρωτοκόλλησης εισαγωγής παραλαβής "
    "καταχωρήθηκε καταχωρίστηκε αναφέρθηκε υποβλήθηκε δημιουργήθηκε "
    "signalement signalé déclaration déclaré dépôt plainte réception enregistrement enregistré saisie création créé "
    "ouverture "
    "denuncia denunciado registro registrado registrada reporte reportado alta creación recepción recibido apertura "
    "notificación aviso ingreso captura llamada "
    "comunicação abertura criação notificação registo registado queixa participação cadastro lançamento lavratura "
    "recebimento participação chamada "
    "meldung meldungs melde gemeldet erfasst erfassung erfassungs eingang eingangs anzeige anzeigen angezeigt erstellt "
    "erstellung aufnahme aufgenommen registrierung registriert eingegangen anlage angelegt "
    "segnalazione segnalato denuncia denunciato apertura inserimento registrazione registrato creazione querela "
    "ricezione presentazione protocollo chiamata"
)
STRONGLY_REPORTED: Final = _set(
    "reported rptd rpt received αναφοράς καταγγελίας signalement denuncia notificação meldung melde gemeldet "
    "segnalazione complaint plainte queixa anzeige"
)
CLOSED: Final = _set(
    "closed close closing closure resolved fixed completed completion resolution solved κλεισίματος "
    "κλείσιμο επίλυσης "
    "επίλυση περάτωσης ολοκλήρωσης αρχειοθέτησης περαίωσης διεκπεραίωσης έκλεισε επιλύθηκε clôture cloture "
    "fermeture résolution clos "
    "résolu archivage cierre cerrado cerrada resolución resuelto "
    "finalización fechamento encerramento encerrado conclusão resolução arquivamento fechado abschluss abgeschlossen "
    "geschlossen erledigt erledigung archivo archivado "
    "schliessung chiusura risoluzione risolto conclusione chiuso definizione evasione archiviazione"
)
OTHER_DATE: Final = _set(
    "inspection inspected αυτοψία αυτοψίας inspección vistoria ortstermin sopralluogo προθεσμία προθεσμίας deadline "
    "plazo "
    "updated update modified changed edited due expected expires expire sla birth born dob arrest "
    "arrested acknowledged "
    "reopened assigned exported export downloaded extracted dispatch dispatched arrival arrived "
    "upload uploaded imported printed hearing trial review "
    "scheduled γέννησης ενημέρωσης τροποποίησης εξαγωγής εκτύπωσης "
    "naissance modification modifié mise maj échéance extraction nacimiento actualización actualizado modificación "
    "vencimiento exportación descarga límite "
    "nascimento atualização atualizado alteração prazo exportação geburt geburts aktualisiert aktualisierung änderung "
    "geändert fällig frist druck ausdruck "
    "nascita aggiornamento modifica scadenza esportazione estrazione stampa"
)
UNNAMED: Final = 0.3
WHEN: Final = DATE | TIME | YEAR | MONTH | DAY | HOUR | MINUTE
# What a date can be of, the first that is found: the words of each stage of a case.
STAGES: Final = {
    "other": OTHER_DATE,
    "resolved_at": CLOSED,
    "reported_at": REPORTED,
    "occurred_from": OCCURRED,
}
# Words that join others ("data da ocorrência") or begin and end a span ("hora da"): which, their place in it says.
_BETWEEN: Final = _set("da du dal al au to from fr von ab since depuis desde hasta από έως a")
_JOINING: Final = _set("de da do di del della dello des du d of the e y et s")

LATITUDE: Final = _set("lat latitude latitud latitudine breitengrad breite πλάτος γεωπλάτος ycoord_wgs84")
LONGITUDE: Final = _set("lon lng long longitude longitud longitudine längengrad länge laengengrad μήκος γεωμήκος")
# Words of the two that are also those for how wide and how long a thing is.
WIDTH_OR_LENGTH: Final = _set("breite πλάτος länge μήκος long")
EAST: Final = _set("x χ easting este rechtswert xcoord ostwert")
NORTH: Final = _set("y υ northing norte hochwert ycoord nordwert")
POINT: Final = _set(
    "latlon latlng lonlat point geom geometry coordinates coords coordinate location gps geo geopoint wkt position "
    "συντεταγμένες θέση τοποθεσία coordonnées coordenadas ubicación localización localização koordinaten standort "
    "coordinate posizione posicion"
)
CLEARLY_POINT: Final = _set(
    "latlon latlng lonlat coordinates coords gps συντεταγμένες coordonnées coordenadas koordinaten coordinate"
)
ELSEWHERE: Final = _set("agency home user office park pickup dropoff station victim")

SEX: Final = _set("sex gender sexo sexe genre género genero gênero geschlecht sesso genere φύλο φύλου")
AGE: Final = _set("age ages ηλικία ηλικιακή âge edad idade etária etario alter altersgruppe altersklasse età eta")
SUSPECT: Final = _set(
    "susp suspect suspects perp perpetrator offender accused arrestee defendant culprit aggressor driver officer "
    "δράστη δράστης δραστών ύποπτος υπόπτου auteur suspecté agresseur autor agresor agressor sospechoso detenido "
    "imputado infrator suspeito täter taeter tatverdächtiger tatverdächtige tatverdächtigen verdächtiger "
    "autore aggressore sospetto indagato reo"
)
# Of a person, or of a thing that suffers as well: "affected area" names nobody.
AFFECTED: Final = _set(
    "affected injured θιγόμενος θιγόμενη θιγόμενου θιγόμενης θιγομένου θιγομένης θιγέντος πληγέντος "
    "touché touchée touchés touchées lésé lésée afectado afectada afectados afectadas perjudicado perjudicada "
    "damnificado damnificada lesionado lesionada atingido atingida atingidos atingidas afetado afetada afetados "
    "afetadas lesado lesada betroffen betroffene betroffener betroffenen betroffenes colpito colpita colpiti colpite "
    "danneggiato danneggiata"
)
VICTIM: Final = AFFECTED | _set(
    "vic vict victim victims θύμα θύματος θύματα θυμάτων παθόντος παθών παθούσα παθούσας victime victimes víctima "
    "víctimas agraviado agraviada vítima vítimas ofendido ofendida opfer opfers geschädigter geschädigte geschädigten "
    "vittima vittime offesa"
)
REPORTER: Final = _set(
    "reporter reporting complainant informant caller requester submitter respondent citizen user witness "
    "καταγγέλλοντος καταγγέλλων αναφέροντος αναφέρων πολίτη χρήστη déclarant plaignant signalant usager demandeur "
    "denunciante informante solicitante comunicante requirente requerente queixoso declarante participante "
    "melder meldende meldender anzeigeerstatter hinweisgeber segnalante dichiarante richiedente querelante utente"
)
PERSON: Final = _set("person persons people persona personas persone personne personnes pessoa pessoas πρόσωπο")

CATEGORY: Final = _set(
    "category categories cat κατηγορία κατηγορίες catégorie catégories categoría categorías categoria categorias "
    "kategorie kategorien categorie tipologia tipologie tipología tipologias typologie typology τυπολογία "
    "rubric rubrik rubrique rubrica rúbrica topic theme thème thema tema motif motifs anliegen"
)
TYPE: Final = _set(
    "type types class classification group kind species τύπος τύπου είδος είδους nature espèce tipo tipos "
    "naturaleza clase especie espécie specie natureza modalidad modalidade typ art natura genus qualification"
)
EVENT: Final = _set(
    "crime crm crimes offense offence offenses offences ofns incident complaint cmplnt accident event problem issue "
    "request service primary violation alert anliegen αίτημα αιτήματος demande solicitud solicitação pedido richiesta "
    "αδίκημα αδικήματος συμβάν συμβάντος περιστατικό περιστατικού καταγγελίας αναφοράς εγκλήματος έγκλημα πρόβλημα "
    "infraction délit delit fait faits signalement problème accidente delito delitos infracción "
    "incidente suceso hecho "
    "crimen incidencia denuncia ocorrência fato infração ocorrencia delikt deliktsart deliktart straftat vorfall "
    "vorfalls ereignis meldung tat reato reati evento segnalazione delitto crimes crímenes events incidents problems "
    "issues αδικήματος συμβάντα γεγονός γεγονότος délits infractions incidents signalements sucesos hechos incidencias "
    "crime criminosa ocorrências delikte straftaten ereignisses meldungs tatbestand straftatbestand schaden schadens "
    "anliegens tipificación delitti eventi segnalazioni αίτημα αιτήματος demande demandes solicitud solicitudes pedido "
    "déclaration déclarations pedidos solicitação richiesta richieste intervento reclamo reclamos reclamação"
)
OFFENCE: Final = _set(
    "crime crm crimes offense offence offenses offences ofns αδίκημα αδικήματος εγκλήματος έγκλημα infraction délit "
    "delito delitos infracción crimen delikt deliktsart deliktart straftat tat reato reati delitto délits infractions "
    "αδικήματα εγκλήματα crímenes tipificación criminosa delikte straftaten tatbestand straftatbestand delitti"
)
DESCRIBED: Final = _set(
    "desc description descr name label descriptor descripción descrição περιγραφή beschreibung bezeichnung libellé "
    "denominación descrizione ονομασία nombre"
)
CODED: Final = _set("cd code codes cod código codigo codice κωδικός id nr no num number key")
# A finer division of a category beside it, by its heading.
SUB: Final = _set(
    "sub secondary subcategory subcategories subtype υπο υποκατηγορία υποκατηγορίας sous subcategoría subcategoria "
    "subtipo subclase subclasse unter sotto sottocategoria sottotipo detail detailed"
)
# Texts about the event that may turn out to come from a list.
SUBJECT: Final = _set(
    "description descriptions descriptor title subject summary label desc περιγραφή θέμα τίτλος objet sujet titre "
    "libellé intitulé descripción asunto título descrição assunto beschreibung betreff titel bezeichnung "
    "kurzbeschreibung descrizione oggetto titolo denominazione detail details what happened"
)
# What a report is about, where no heading names the kind of event; a subject may be a person (`SUBJECT`).
TOPIC: Final = _set(
    "reason cause concern αιτία αιτίας αιτίες λόγος λόγου αντικείμενο αντικειμένου ζήτημα ζητήματος "
    "raison cause affaire motivo causa razón materia concepto matéria tópico anlass anlasses grund sachgebiet "
    "sachgebiets fachgebiet gegenstand ursache stichwort argomento ragione"
)
_WHAT: Final = _set("what τι qué que quoi was cosa")  # happened
# Who deals with it, in words that also say with what: a department of street lighting, and a police station.
OFFICE: Final = _set(
    "department dept division unit section service services sector υπηρεσία υπηρεσίας υπηρεσίες τμήμα τμήματος "
    "διεύθυνση τομέας τομέα service direction domaine secteur pôle servicio departamento negociado "
    "serviço setor sector secretaria divisão bereich fachbereich sachbereich aufgabenbereich amt fachamt abteilung "
    "servizio settore ufficio ripartizione"
)
NOT_CATEGORY: Final = _set(
    "location loc place premis prem premise premises lugar local lieu ort τόπος τόπου luogo vehicle "
    "vehículo véhicule "
    "veículo fahrzeug veicolo person persona personne pessoa weapon arma arme waffe address adresse injury lesividad "
    "lesión facility channel outcome age edad road street via status state law agency victim vict vic susp perp "
    "suspect weather meteorológico device source park bias motive bridge taxi data area "
    "site user resolution file record reporting jurisdiction juris school zone district"
)
IDENTITY: Final = _set(
    "id ids key number no num nr nummer número numero numéro uuid guid serial identifier identifiant ref reference "
    "referencia référence riferimento expediente dossier aktenzeichen vorgangsnummer protocolo protocollo folio "
    "αριθμός αρ κωδικός κωδ πρωτόκολλο αύξων αα objectid fid lfd laufende ord ordem orden progressivo numbo"
)
CLEARLY_IDENTITY: Final = _set(
    "unique case dr expediente dossier aktenzeichen vorgangs vorgang fall fallnummer meldungs protocolo protocollo "
    "folio πρωτόκολλο πρωτοκόλλου υπόθεσης αναφοράς συμβάντος pratica ticket report alert record caso affaire"
)
NOT_IDENTITY: Final = _set(
    "zip phone tel house street beat badge district dist month year area ward precinct pct arrest person "
    "user contact "
    "building address postal census lsoa agency officer vehicle device count victims victim day hour "
    "distrito lesividad"
    " floor block community region zone tract weapon premis status unit week quarter category category type crm"
)

STATUS: Final = _set("status κατάσταση statut estatus situación situação bearbeitungsstatus stand")
MAYBE_STATUS: Final = _set("state estado état etat stato zustand")
SEVERITY: Final = _set("severity σοβαρότητα gravité gravedad gravidade schwere schweregrad gravità intensity")
# Severity where words stand under it; numbers do not say which end is the urgent one.
PRIORITY: Final = _set(
    "priority urgency prio importance risk seriousness προτεραιότητα προτεραιότητας βαθμός επείγον επείγοντος "
    "σοβαρότητας κρισιμότητα priorité urgence prioridad urgencia prioridade urgência dringlichkeit priorität "
    "prioritaet dringlichkeitsstufe prioritätsstufe priorità urgenza"
)
FEELING: Final = _set(
    "feeling feelings perception αίσθημα αίσθηση ressenti sentiment sensación percepción sentimento "
    "perceção percepção "
    "gefühl sicherheitsgefühl sensazione percezione"
)
CONFIRMATIONS: Final = _set(
    "confirmations votes upvotes supporters likes επιβεβαιώσεις ψήφοι votos confirmaciones confirmações stimmen voti "
    "conferme"
)
# Feeling where its words stand under it: "how safe did you feel".
SAFETY: Final = _set(
    "safe safety feel felt unsafe security secure νιώσατε νιώθετε νιώθεις αισθάνεστε αισθανθήκατε ασφαλής ασφαλείς "
    "ασφάλεια ασφάλειας ανασφάλεια sécurité sûr sûre sentez senti sentiez insécurité seguridad seguro segura sintió "
    "siente segurança seguro sentiu sente sicher sicherheit fühlen fühlten sicherheitsempfinden sicurezza sicuro "
    "sicura sentito sentita insicurezza"
)
KIND: Final = _set("kind")

NAME: Final = _set("name names nom noms nombre nome όνομα ονομασία")
_ABOUT_DATA: Final = _set("source type channel provider open set quality status collection owner entered")
_PERSONAL: Final = _set(
    "plate plates matrícula immatriculation kennzeichen placa targa πινακίδα ssn passport nombre "
    "apellido apellidos teléfono telefono móvil movil correo dni nome cognome sobrenome apelido "
    "telefone celular "
    "telemóvel morada cellulare vorname nachname telefon handy handynummer geburt geburts geburtsdatum nacimiento "
    "nascimento nascita birth dob utente usuario usuário benutzer dispositivo gerät passaporte pasaporte ausweis "
    "requerente melder kontakt contacto contatto"
)
_THING: Final = _set(
    "agency area park facility borough boro highway street county station lsoa district ward city place patrol "
    "neighbourhood neighborhood site school category type service taxi company road region community premises "
    "municipality comune barrio distrito bezirk stadt offense offence crime incident event survey zone"
)
_TEXT: Final = _set(
    "beschreibung bemerkung bemerkungen kommentar sachverhalt hergang titel betreff anschrift strasse "
    "straße bild foto "
    "descripción observaciones comentario comentarios relato texto título asunto dirección calle imagen domicilio "
    "descrição observações comentários assunto endereço rua imagem morada descrizione osservazioni commento commenti "
    "testo titolo oggetto indirizzo via immagine racconto block hundred localización ubicación localização location "
    "landmark corner cross intersection media link short"
)
# Short words of any heading that happen to begin a word of dates.
_NO_BEGINNING: Final = _set(
    "del des den der die das non new all are con per por sur par pro com res ent sec mod cod est and und part "
    "exp τελ αρχ"
)
_KNOWN: Final = frozenset().union(WHEN, START, END, OCCURRED, REPORTED, CLOSED, OTHER_DATE, _JOINING)
_SUFFIXES: Final = (
    *("zeitpunkt", "datum", "zeit", "nummer", "geschlecht", "alter", "koordinate", "kategorie"),
    *("anlass", "grund", "stichwort"),
)
_CAMEL: Final = re.compile(r"(?<=[a-zα-ω0-9])(?=[A-ZΑ-Ω])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Heading:
    """A label and its words, folded; `words` keeps their order."""

    label: str
    words: tuple[str, ...]

    def has(self, *concepts: frozenset[str]) -> bool:
        """Whether it holds a word of each of these concepts."""
        return all(not concept.isdisjoint(self.words) for concept in concepts)

    def only(self, *concepts: frozenset[str]) -> bool:
        """Whether it holds words and every one is of one of these concepts."""
        return bool(self.words) and all(any(word in concept for concept in concepts) for word in self.words)


LONGEST_LABEL: Final = 500
LONGEST_PIECE: Final = 60


def read_heading(label: str) -> Heading:
    """Split a label at blanks, marks, underscores, before capitals and before the known ends of German compounds.

    Of a long one the beginning is read, and a piece that is longer than any word stays as it is.
    """
    pieces = re.findall(r"[^\W_]+", fold(_CAMEL.sub(" ", label.strip()[:LONGEST_LABEL])))
    words: list[str] = []
    for piece in pieces:
        if len(piece) > LONGEST_PIECE:
            words.append(piece)
            continue
        if parts := split_compound(piece):
            words += parts
            continue
        if parts := _split_person(piece):
            words += parts
            continue
        ending = next((end for end in _SUFFIXES if piece.endswith(end) and len(piece) > len(end) + 1), None)
        if ending and piece not in TIME and piece not in AGE:
            words += [piece.removesuffix(ending), ending]
        else:
            words.append(piece)
    if {"lat", "lon"} <= set(words) or {"lat", "lng"} <= set(words) or {"lat", "long"} <= set(words):
        words = ["latlon", *(word for word in words if word not in {"lat", "lon", "lng", "long"})]
    return Heading(label, tuple(words))


_OF_A: Final = re.compile("(?:τησ|του|dela|della|dell|del|de|da|do|du|of|s)?(.+)")


@cache
def _split_person(piece: str) -> tuple[str, ...]:
    """Split a heading in one word that names whose gender or age it is ("SEXOVICTIMA", "ΦΥΛΟΘΥΜΑΤΟΣ", "victimsex").

    Both parts must be known words, with no more than a word that joins them between; else empty.
    """
    persons = VICTIM | REPORTER | SUSPECT
    for what in SEX | AGE:
        if piece.startswith(what):
            rest = piece.removeprefix(what)
            joined = _OF_A.fullmatch(rest)
            for whose in (rest, joined[1] if joined else rest):
                if whose in persons:
                    return (what, whose)
        if piece.endswith(what) and len(what) > 2:
            first = piece.removesuffix(what)
            for whose in (first, first.removesuffix("s")):
                if whose in persons:
                    return (whose, what)
    return ()


def is_person(head: Heading) -> bool:
    """Whether a heading names a person who suffered or who reported, and no suspect."""
    return head.has(VICTIM | REPORTER) and not head.has(SUSPECT)


def names_victim(head: Heading) -> bool:
    """Whether a heading names a person who suffered; "affected area" names none, "affected person's sex" does."""
    if head.has(VICTIM - AFFECTED):
        return True
    return head.has(AFFECTED) and (head.only(AFFECTED) or head.has(SEX | AGE | PERSON))


def says_date(head: Heading) -> bool:
    """Whether it speaks of a date; "data" is one in Italian and Portuguese, and none beside English words for data."""
    words = set(head.words) & DATE
    return bool(words - {"data"}) or ("data" in words and head.words != ("data", "id") and not head.has(_ABOUT_DATA))


def names_person(head: Heading) -> bool:
    """Whether a heading names a person, a way to reach one, a device or a vehicle; "agency name" does not."""
    if head.has(SEX) or head.has(AGE):
        return False
    if "by" in head.words and head.has(REPORTED):
        return True
    words = head.words
    if head.has(_THING | EVENT | CATEGORY | TYPE) and not head.has(REPORTER | VICTIM | SUSPECT):
        words = tuple(word for word in words if word not in NAME)
    return (
        not _PERSONAL.isdisjoint(words)
        or is_personal(" ".join(words))
        or (words == head.words and is_personal(head.label))
    )


def names_text(head: Heading) -> bool:
    """Whether a heading names free text, an address, a picture or a link."""
    return head.has(_TEXT) or is_text(head.label) or is_text(" ".join(head.words))


def date_role(head: Heading) -> str:
    """What a date or a time is of: "other", "resolved_at", "occurred_to", "reported_at", "occurred_from" or "plain".

    Words that are cut short ("DT_OCOR", "fec. den.") count where they begin words of one stage only.
    """
    starts, ends = _marks(head, START), _marks(head, END)
    stages = {stage for stage, words in STAGES.items() if head.has(words)} or _abbreviated(head)
    if "other" in stages:
        return "other"
    if "resolved_at" in stages:
        return "resolved_at"
    if ends and not starts:
        return "other" if stages == {"reported_at"} else "occurred_to"
    if "reported_at" in stages and not starts:
        return "reported_at"
    if "occurred_from" in stages or starts:
        return "occurred_from"
    return "plain"


def begins(head: Heading) -> bool:
    """Whether a heading says that something began ("from", "inicio", "von")."""
    return bool(_marks(head, START))


def clearness(head: Heading) -> float:
    """How clearly a heading says what its dates are of: 0 to 1; `UNNAMED` where it does not even say that it is one."""
    match date_role(head):
        case "reported_at":
            return 0.97 if head.has(STRONGLY_REPORTED) else 0.9
        case "occurred_from":
            return 0.97 if head.has(OCCURRED) else 0.9
        case "plain":
            return 0.65 if says_date(head) or head.has(MONTH) else UNNAMED
    return 0.9


def _marks(head: Heading, marks: frozenset[str]) -> set[str]:
    """The words that begin or end a span; one that also joins words does so only last, or before a date or a time."""
    found = set()
    for at, word in enumerate(head.words):
        rest = head.words[at + 1 :]
        if word in marks and (word not in _BETWEEN or not rest or rest[0] in WHEN):
            found.add(word)
    return found


def _abbreviated(head: Heading) -> set[str]:
    """The stages whose words are cut short in a heading; only where what is left belongs to one stage alone."""
    found: set[str] = set()
    for word in head.words:
        if word not in WHEN | START | END | _JOINING and (stage := _stage_of_beginning(word)):
            found.add(stage)
    return found


@cache
def _stage_of_beginning(word: str) -> str:
    """The only stage of which some words begin with these three letters or more; "" where there is none or several."""
    if len(word) < 3 or word in _NO_BEGINNING:
        return ""
    stages = {stage for stage, words in STAGES.items() if any(one.startswith(word) for one in words)}
    return stages.pop() if len(stages) == 1 else ""


@cache
def split_compound(piece: str) -> tuple[str, ...]:
    """Split a word that is written as one ("dataocorrencia", "horahecho", "tatuhrzeit") into the words it is made of.

    Every letter must belong to a known word of dates, and one of the words say "date", "time" or a unit of these, or
    all be of one stage ("meldeeingang"); at one side of that word the beginning of a word of one stage is enough
    ("dtocor", "regdate"). Empty where it is one word, or none of dates.
    """
    if len(piece) < 5 or piece in _KNOWN:
        return ()
    whole = _segments(piece)
    if whole and (not WHEN.isdisjoint(whole) or any(words.issuperset(whole) for words in STAGES.values())):
        return whole
    for when in sorted(WHEN, key=len, reverse=True):
        before, after = piece.removesuffix(when), piece.removeprefix(when)
        if after != piece and _stage_of_beginning(after):
            return (when, after)
        if before != piece and len(when) > 3 and _stage_of_beginning(before):
            return (before, when)
    return ()


@cache
def _segments(text: str) -> tuple[str, ...]:
    """The fewest known words that make up a text, none where it cannot be made of them; two letters only at an end."""
    if text in _KNOWN:
        return (text,)
    best: tuple[str, ...] = ()
    for cut in range(2, len(text) - 1):
        first = text[:cut]
        if first not in _KNOWN and first not in _JOINING:
            continue
        rest = _segments(text[cut:]) or (_segments(text[cut + 1 :]) if text[cut] == "s" else ())
        if rest and rest[-1] not in _JOINING and (not best or len(rest) + 1 < len(best)):
            best = (first, *rest)
    return best


def category_score(head: Heading) -> float:
    """How clearly a heading names the kind of event: 0 (not) to 1."""
    if head.has(NOT_CATEGORY) or says_date(head) or head.has(SEX) or head.has(SUSPECT) or head.has(SUB):
        return 0.0
    if len(head.words) == 1 and (words := _unglued(head.words[0])):
        head = Heading(head.label, words)
    event, coded = head.has(EVENT), head.has(CODED) and not head.has(DESCRIBED)
    if coded:
        return 0.4 if event and head.has(_set("cd code codes cod código codice κωδικός")) else 0.0
    if head.has(CATEGORY):
        return 0.9 if len(head.words) > 1 else 0.97
    if event and head.has(TYPE):
        return 0.95
    if event and head.has(DESCRIBED):
        return 0.92
    if head.only(EVENT):
        return 0.85
    if head.only(TYPE) or "tags" in head.words:
        return 0.7
    return 0.5 if head.only(DESCRIBED) and "descriptor" in head.words else 0.0


def names_topic(head: Heading) -> bool:
    """Whether a heading says what a report is about, and not why it was closed."""
    return (head.has(TOPIC) or head.has(_WHAT, OCCURRED)) and not head.has(CLOSED | STATUS | NOT_CATEGORY)


# Headings that are a number and no more: of the case, or of the row.
_NUMBER: Final = _set(
    "number num no n numero número numéro nr ref αριθμός αρ αύξων αα code lfd laufende ord ordem orden progressivo"
)
_SERIAL: Final = re.compile(r"^\W*(?:#|n[°º.]?|[αa]\W[αa]\W?)\W*$")


def _unglued(word: str) -> tuple[str, ...]:
    """The two concepts of a heading in one word: "TIPODELITO", "naturezadaocorrencia"; empty where it is none."""
    known = CATEGORY | TYPE | EVENT | DESCRIBED
    if word in known:
        return ()
    for first in sorted((one for one in known if len(one) > 2 and word.startswith(one)), key=len, reverse=True):
        rest = word.removeprefix(first)
        for small in (*_JOINING, ""):
            last = rest.removeprefix(small)
            if rest.startswith(small) and last in known and len(last) > 2:
                return (first, last)
    return ()


def identity_score(head: Heading) -> float:
    """How clearly a heading names the number of a case: 0 (not) to 1."""
    if _SERIAL.match(fold(head.label)):
        return 0.3
    if not head.has(IDENTITY) or head.has(NOT_IDENTITY) or says_date(head) or "unnamed" in head.words:
        return 0.0
    if head.has(EVENT) or head.has(CLEARLY_IDENTITY):
        return 0.95
    if head.words == ("id",):
        return 0.95
    if head.only(_NUMBER):
        return 0.3
    return 0.8 if len(head.words) == 1 else 0.0
