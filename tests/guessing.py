"""Invented exports in seven languages, one column on each line, and what their columns mean."""

from __future__ import annotations

from collections.abc import Mapping

Roles = Mapping[str, str]

INVENTED: Mapping[str, tuple[str, Roles]] = {
    "greek": (
        """
        Αριθμός αναφοράς | A-101 | A-102 | A-103
        Ημερομηνία συμβάντος | 03/05/2025 | 14/05/2025 | 21/05/2025
        Ώρα | 22:15 | 08:40 | 23:05
        Κατηγορία | Κλοπή | Θόρυβος | Κλοπή
        Γεωγραφικό πλάτος | 37,9421 | 37,9455 | 37,9390
        Γεωγραφικό μήκος | 23,6467 | 23,6501 | 23,6412
        Φύλο θύματος | Γυναίκα | Άνδρας | Γυναίκα
        Ηλικία | 34 | 19 | 67
        Κατάσταση | Ανοιχτή | Κλειστή | Ανοιχτή
        Ονοματεπώνυμο | Μαρία Π. | Νίκος Κ. | Ελένη Δ.
        """,
        {"alert_id": "Αριθμός αναφοράς", "occurred_from": "Ημερομηνία συμβάντος:date Ώρα:time", "category": "Κατηγορία",
         "latitude": "Γεωγραφικό πλάτος", "longitude": "Γεωγραφικό μήκος", "affected_gender": "Φύλο θύματος",
         "age_band": "Ηλικία", "status": "Κατάσταση"},
    ),
    "greek police": (
        """
        κωδικός | 17 | 18
        από | 2025-05-01 21:00 | 2025-05-03 10:00
        έως | 2025-05-01 23:30 | 2025-05-03 11:00
        ημερομηνία καταγγελίας | 2025-05-02 | 2025-05-03
        είδος αδικήματος | Ληστεία | Διάρρηξη
        φύλο δράστη | Άνδρας | Άνδρας
        φύλο καταγγέλλοντος | Γυναίκα | Άνδρας
        x | 468210,5 | 468950,0
        y | 4199120,1 | 4199871,4
        """,
        {"alert_id": "κωδικός", "occurred_from": "από", "occurred_to": "έως", "reported_at": "ημερομηνία καταγγελίας",
         "category": "είδος αδικήματος", "reporter_gender": "φύλο καταγγέλλοντος", "x": "x", "y": "y"},
    ),
    "french": (
        """
        numéro de dossier | 2025-1 | 2025-2
        date des faits | 05/05/2025 | 17/05/2025
        heure des faits | 22h15 | 07h05
        date de dépôt de plainte | 06/05/2025 | 18/05/2025
        nature de l'infraction | Vol à l'arraché | Cambriolage
        sexe de la victime | Féminin | Masculin
        tranche d'âge | 18 à 24 ans | 45 à 64 ans
        latitude | 45,7640 | 45,7581
        longitude | 4,8357 | 4,8320
        adresse | 3 rue X | 9 rue Y
        """,
        {"alert_id": "numéro de dossier", "occurred_from": "date des faits:date heure des faits:time",
         "reported_at": "date de dépôt de plainte", "category": "nature de l'infraction",
         "affected_gender": "sexe de la victime", "age_band": "tranche d'âge", "latitude": "latitude",
         "longitude": "longitude"},
    ),
    "french requests": (
        """
        référence | S1 | S2
        date de création | 2025-03-01T09:00 | 2025-03-04T19:30
        date de clôture | 2025-03-02T10:00 |
        catégorie | Déchets | Éclairage
        statut | résolu | en cours
        gravité | 3 | 1
        coordonnées | 48.8566, 2.3522 | 48.8570, 2.3540
        commentaire | il y a des ordures | la rue est sombre
        """,
        {"alert_id": "référence", "reported_at": "date de création", "resolved_at": "date de clôture",
         "category": "catégorie", "status": "statut", "severity": "gravité", "point": "coordonnées"},
    ),
    "spanish": (
        """
        expediente | 1 | 2 | 3
        fecha_hecho | 13/02/2025 | 21/02/2025 | 22/02/2025
        hora_hecho | 2230 | 815 | 1745
        fecha_denuncia | 14/02/2025 | 21/02/2025 | 23/02/2025
        delito | Robo | Hurto | Robo
        sexo_victima | M | H | M
        sexo_autor | H | H | H
        edad_victima | 33 | 61 | 17
        latitud | 40.4168 | 40.4201 | 40.4099
        longitud | -3.7038 | -3.7011 | -3.6999
        nombre_denunciante | Ana | Luis | Eva
        """,
        {"alert_id": "expediente", "occurred_from": "fecha_hecho:date hora_hecho:time",
         "reported_at": "fecha_denuncia", "category": "delito", "affected_gender": "sexo_victima",
         "age_band": "edad_victima", "latitude": "latitud", "longitude": "longitud"},
    ),
    "spanish pieces": (
        """
        folio | 77 | 78
        año | 2024 | 2024
        mes | 3 | 3
        día | 9 | 10
        hora | 22 | 7
        tipo de incidente | Acoso | Ruido
        género | Femenino | Masculino
        coordenada x | 486210.3 | 486900.9
        coordenada y | 2145990.1 | 2146310.7
        """,
        {"alert_id": "folio", "occurred_from": "año:year mes:month día:day hora:hour", "category": "tipo de incidente",
         "affected_gender": "género", "x": "coordenada x", "y": "coordenada y"},
    ),
    "portuguese": (
        """
        protocolo | 9001 | 9002
        data da ocorrência | 25/07/2025 | 28/07/2025
        hora da ocorrência | 21:40 | 06:10
        data de registo | 26/07/2025 | 28/07/2025
        tipo de crime | Assédio | Furto
        gênero da vítima | Feminino | Masculino
        faixa etária da vítima | 18-24 | 30-44
        bairro | Centro | Luz
        latitude | -23,5505 | -23,5489
        longitude | -46,6333 | -46,6388
        e-mail | a@b.pt | c@d.pt
        """,
        {"alert_id": "protocolo", "occurred_from": "data da ocorrência:date hora da ocorrência:time",
         "reported_at": "data de registo", "category": "tipo de crime", "affected_gender": "gênero da vítima",
         "age_band": "faixa etária da vítima",
         "latitude": "latitude", "longitude": "longitude"},
    ),
    "german": (
        """
        Aktenzeichen | V-1 | V-2
        Tatzeit von | 01.03.2025 22:00 | 13.03.2025 02:10
        Tatzeit bis | 01.03.2025 23:00 | 13.03.2025 02:30
        Anzeigedatum | 02.03.2025 | 14.03.2025
        Delikt | Raub | Diebstahl
        Opfergeschlecht | w | m
        Geschlecht Tatverdächtiger | m | m
        Altersgruppe | 18-29 | 30-44
        Breitengrad | 52,5200 | 52,5163
        Längengrad | 13,4050 | 13,3777
        Sachverhalt | Täter kam von hinten | Tasche entwendet
        """,
        {"alert_id": "Aktenzeichen", "occurred_from": "Tatzeit von", "occurred_to": "Tatzeit bis",
         "reported_at": "Anzeigedatum", "category": "Delikt", "affected_gender": "Opfergeschlecht",
         "age_band": "Altersgruppe", "latitude": "Breitengrad", "longitude": "Längengrad"},
    ),
    "german requests": (
        """
        Meldungsnummer | 5 | 6
        Datum | 24.12.2024 | 26.12.2024
        Uhrzeit | 18:30 | 07:15
        Kategorie | Müll | Lärm
        Status | erledigt | offen
        Rechtswert | 3794512.3 | 3795001.8
        Hochwert | 5820377.9 | 5820011.0
        Schweregrad | 2 | 4
        Telefonnummer | +49 30 1234567 | +49 30 7654321
        """,
        {"alert_id": "Meldungsnummer", "occurred_from": "Datum:date Uhrzeit:time", "category": "Kategorie",
         "status": "Status", "x": "Rechtswert", "y": "Hochwert", "severity": "Schweregrad"},
    ),
    "italian": (
        """
        protocollo | 55 | 56
        data del fatto | 30/06/2025 | 02/07/2025
        ora del fatto | 23:50 | 12:05
        data segnalazione | 01/07/2025 | 02/07/2025
        tipo di reato | Furto | Molestie
        sesso della vittima | Donna | Donna
        età | 41 | 22
        latitudine | 45,4642 | 45,4700
        longitudine | 9,1900 | 9,1811
        indirizzo | Via Roma 1 | Corso Como 3
        """,
        {"alert_id": "protocollo", "occurred_from": "data del fatto:date ora del fatto:time",
         "reported_at": "data segnalazione", "category": "tipo di reato", "affected_gender": "sesso della vittima",
         "age_band": "età", "latitude": "latitudine", "longitude": "longitudine"},
    ),
}  # fmt: skip
