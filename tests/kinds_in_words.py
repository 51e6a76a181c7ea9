"""Names of categories and words of scales in seven languages, with what they stand for."""

from __future__ import annotations

from collections.abc import Mapping

from curim_data.model import Kind

# A line group each: English, Greek, French, Spanish, Italian, Portuguese, German.
KINDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.RISK: (
        "Street lighting", "Broken street light", "Pothole", "I feel unsafe", "Dark spot", "Dark alley",
        "Poor lighting", "Atropello a animal",
        "Φωτισμός", "Καμένη λάμπα", "Λακκούβα", "Νιώθω ανασφάλεια", "Σκοτεινό σημείο", "Δεν νιώθω ασφαλής",
        "Σβηστός φωτισμός", "Επικίνδυνο σημείο",
        "Éclairage", "Éclairage public en panne", "Nid-de-poule", "Je ne me sens pas en sécurité",
        "Sentiment d'insécurité", "Coin sombre", "Lampadaire",
        "Alumbrado", "Alumbrado público", "Farola apagada", "Bache", "Me siento inseguro", "Me siento insegura",
        "Lugar oscuro", "Punto oscuro",
        "Illuminazione", "Lampione spento", "Buca stradale", "Buche", "Mi sento insicura", "Punto buio", "Zona buia",
        "Iluminação", "Iluminação pública", "Buraco", "Sinto-me inseguro", "Ponto escuro", "Sinto-me insegura",
        "Local escuro",
        "Straßenbeleuchtung", "Beleuchtung", "Laterne defekt", "Schlagloch", "Ich fühle mich unsicher",
        "Dunkle Stelle", "Dunkler Ort", "Angstraum",
    ),
    Kind.INCIVILITY: (
        "Trees", "Tree trimming", "Parks", "Signs", "Damaged sign", "Litter", "Noise", "Graffiti", "Illegal parking",
        "Street sign", "Abandoned vehicle", "Playground", "Sidewalk", "Illegal Animal Kept as Pet",
        "Δέντρα", "Κλάδεμα δέντρων", "Πάρκα", "Πινακίδες", "Σήμανση", "Σκουπίδια", "Θόρυβος", "Απορρίμματα",
        "Παράνομη στάθμευση", "Πεζοδρόμιο", "Κάδοι", "Παιδική χαρά", "Αδέσποτα",
        "Arbres", "Élagage d'arbre", "Parcs et jardins", "Panneaux", "Signalisation", "Déchets", "Bruit",
        "Dépôt sauvage", "Stationnement gênant", "Trottoir", "Mobilier urbain", "Propreté",
        "Árboles", "Poda de árboles", "Parques", "Señales", "Señalización", "Basura", "Ruido", "Arbolado", "Aceras",
        "Limpieza", "Perros sueltos",
        "Alberi", "Potatura alberi", "Parchi", "Segnaletica", "Rifiuti", "Rumore", "Verde pubblico", "Marciapiede",
        "Cartelli", "Schiamazzi", "Scritte sui muri",
        "Árvores", "Poda de árvore", "Parques e jardins", "Sinalização", "Placas", "Lixo", "Ruído", "Barulho",
        "Calçada", "Limpeza urbana",
        "Bäume", "Baum, Ast/Wurzel", "Parks", "Parkanlage", "Verkehrszeichen", "Schilder", "Müll", "Lärm",
        "Spielplatz", "Gehweg", "Abfall", "Grünfläche", "Straßenreinigung",
    ),
    Kind.OFFENCE: (
        "Theft", "Burglary", "Robbery", "Assault", "Vandalism", "Drugs", "Shoplifting", "Murder", "Fraud",
        "Harassment", "BATTERY", "Criminal damage", "Weapons", "Stalking", "Animal cruelty", "Dog fighting",
        "Κλοπή", "Κλοπή οχήματος", "Ληστεία", "Διάρρηξη", "Επίθεση", "Βανδαλισμός", "Ναρκωτικά", "Απάτη",
        "Παρενόχληση", "Σωματική βλάβη", "Φθορά ξένης ιδιοκτησίας", "Απειλή",
        "Vol", "Vol à l'arraché", "Cambriolage", "Agression", "Vandalisme", "Stupéfiants", "Escroquerie",
        "Harcèlement", "Coups et blessures", "Vols violents sans arme", "Dégradations volontaires",
        "Robo", "Robo, en grado de tentativa", "Hurto", "Lesiones", "Homicidio", "Vandalismo", "Drogas", "Estafa",
        "Acoso", "Amenazas", "Robo de vehículo",
        "Furto", "Rapina", "Aggressione", "Omicidio", "Scippo", "Truffa", "Molestie", "Spaccio", "Lesioni personali",
        "Atti vandalici", "Borseggio", "Danneggiamento",
        "FURTO - VEÍCULO", "Roubo", "Assalto", "Agressão", "Vandalismo", "Estelionato", "Assédio",
        "Homicídio doloso", "Tráfico de drogas", "Lesão corporal dolosa",
        "Diebstahl", "Fahrraddiebstahl", "Raub", "Einbruch", "Wohnungseinbruch", "Körperverletzung",
        "Sachbeschädigung", "Betrug", "Belästigung", "Bedrohung", "Rauschgift", "Taschendiebstahl",
    ),
}  # fmt: skip
NO_KIND = (
    "Other", "Alcohol", "Άλλο", "Διάφορα", "Autre", "Otro", "Sonstiges", "Altro", "Outros", "uncategorised",
    "Lost property", "Property", "Person", "Society", "ID 7", "General", "Information",
)  # fmt: skip

# By role, for each of the seven languages: scales in words, from the lowest step to the highest.
SCALES_IN_WORDS: Mapping[str, tuple[tuple[tuple[str, ...], ...], ...]] = {
    "severity": (
        (("Low", "Medium", "High", "Critical"), ("Very low", "Low", "Moderate", "Severe", "Urgent")),
        (("Χαμηλή", "Μέτρια", "Υψηλή", "Κρίσιμη"), ("Χαμηλή", "Μεσαία", "Υψηλή", "Κρίσιμη"),
         ("Χαμηλό", "Μέτριο", "Υψηλό", "Επείγον")),
        (("Faible", "Moyenne", "Élevée", "Critique"), ("Faible", "Moyenne", "Élevée", "Urgente"),
         ("Basse", "Normale", "Haute", "Urgence")),
        (("Baja", "Media", "Alta", "Crítica"), ("Bajo", "Medio", "Alto", "Urgente")),
        (("Bassa", "Media", "Alta", "Critica"), ("Bassa", "Media", "Elevata", "Urgente")),
        (("Baixa", "Média", "Alta", "Crítica"), ("Baixo", "Médio", "Alto", "Crítico")),
        (("Niedrig", "Mittel", "Hoch", "Kritisch"), ("Gering", "Mittel", "Schwer", "Dringend")),
    ),
    "feeling": (
        (("Very unsafe", "Unsafe", "Neutral", "Safe", "Very safe"),
         ("Not safe at all", "Rather unsafe", "Rather safe")),
        (("Πολύ ανασφαλής", "Ανασφαλής", "Ουδέτερα", "Ασφαλής", "Πολύ ασφαλής"),
         ("Πολύ ανασφαλές", "Ανασφαλές", "Ουδέτερο", "Ασφαλές", "Πολύ ασφαλές")),
        (("Pas du tout en sécurité", "Peu en sécurité", "Neutre", "En sécurité", "Très en sécurité"),
         ("Très en insécurité", "Plutôt en insécurité", "Plutôt en sécurité", "Tout à fait en sécurité")),
        (("Muy inseguro", "Inseguro", "Neutral", "Seguro", "Muy seguro"),
         ("Muy insegura", "Insegura", "Neutra", "Segura", "Muy segura")),
        (("Molto insicuro", "Insicuro", "Neutrale", "Sicuro", "Molto sicuro"),
         ("Molto insicura", "Poco sicura", "Abbastanza sicura", "Molto sicura")),
        (("Muito inseguro", "Inseguro", "Neutro", "Seguro", "Muito seguro"),
         ("Muito insegura", "Pouco segura", "Neutra", "Segura", "Muito segura")),
        (("Sehr unsicher", "Unsicher", "Neutral", "Sicher", "Sehr sicher"),
         ("Sehr unsicher", "Eher unsicher", "Weder noch", "Eher sicher", "Sehr sicher")),
    ),
}  # fmt: skip
