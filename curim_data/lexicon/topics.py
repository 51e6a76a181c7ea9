"""What the name of a category speaks of."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from curim_data.lexicon.words import fold
from curim_data.model import Kind

# Words that hold a stem of the next list and mean something else.
_HARMLESS: Final = (
    r"(larm|geruchs|rauch|staub)belastig\w*|belastigung durch (larm|geruch|rauch)\w*"
    r"|\bmolestie (olfattiv|acustic)\w*"
    r"|\bviolac(ion|iones|ao|oes) (de|del|do|da|dos|das) (la |el |las |los |a |o )?"
    r"(domicilio|ley|lei|norma|ordenanza|reglamento|regras|correspondencia|secreto|sigilo|transito|trafico|direitos"
    r"|derechos|privacidad|privacidade|horario)\w*"
    r"|\b(parking|traffic|weapons?|liquor|law|probation|court|order|code|ordinance) viols?\b|\bviols? of\b"
)
_SENSITIVE: Final = "|".join(
    (
        r"harr?ass|\brap(e|es|ed|ist|ists|ing)\b|\bsex\b|sexual|sexist|\bsex (crime|offen)",
        r"grop(e|ed|es|ing)\b|\bogl",
        r"\bstalk(s|er|ers|ed|ing)?\b|indecen|exhibitionis|lewd|voyeur|upskirt|peeping|cat ?call|wolf whistl",
        r"\bmolest(s|ed|er|ers|ing|ation)?\b|\bunwanted (touch|contact|sexual)|\btouching\b|incest|sodom|\bporn",
        r"domestic (violence|abuse|assault|battery|incident|dispute)|intimate partner",
        r"(spous|partner)\w* (abuse|assault)",
        r"gender based|gender violence|violence against (women|girls)|femicid|feminicid|genital|forced marriage",
        # As lists of street harassment call it; alone these words speak of nothing else.
        r"^comment(s|ing|ed)?$|^(verbal )?comment(s|ing) (on|about) |\beve teas",
        r"\btak(es|ing|en) (pictures|photos)\b",
        r"^commentaires?$|^remarques? deplacee|^comentarios?$|^piropos?$|^σχολια$|φωτογραφηση χωρις",
        r"human traffick|trata de (personas|mujeres|blancas)|traite des etres|εμπορια ανθρωπων|σωματεμπορ",
        r"prostitut|sex work|\bpandering\b|\bpimping\b|\bdowry",
        r"παρενοχλ|βιασμ|βιαστ|σεξουαλ|ασελγ|ενδοοικογεν|εμφυλ|γενετησι|γυναικοκτον|επιδειξι[αο]|με ακολουθ|επιδειξιμ",
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
        r"aanrand|verkracht|seksue|huiselijk geweld|ongewenst|lastig(ge)?vall|straatintimid|\bzeden|belaging|assetja",
        r"violacio(ns)?\b|masclist|kapcsolati erosz|dzimumnozieg|gwalc|przemoc\w* (domow|w rodzin)",
        r"zaklat|szexual|megerosz|nemi eroszak|csaladon beluli|uzmaksan|izvaros|seksual|vardarbiba gimene",
        r"molestow|gwalt(?!own)|napastow|nekani|zaczepk|sledzeni|beszol|utanakiabal|\bkovetes\b|zaklat",
        r"nafluit|naroep|nageroepen|achtervolg|xiulad|persecucio|uzmacig|izsekosan|vajasan|mirades insistents",
        r"(seguiment|seguimiento) (pel|por el|por la|en la) (carrer|calle)",
        r"hinderlijk volgen|nafluiten|naroepen|gwizdani|obmacyw|obnazan|ekshibicjoni|\bfogdos|tapizas|mutogat|leskel",
        r"aptaust|apgrabst|apalp[aeo]|perseguic|perseguid|passar a mao|cantadas?\b|exhibitionnis|mains? aux? fesse",
        r"drague (lourde|insist)|suivie? dans la rue|anmach|nachpfeif|hinterherpfeif|\bverfolg(t|ung)|pedinament",
        r"apprezzament|χειρονομι|σφυριγμ|σεξισ|\bπειραγμα",
    )
)
# Whatever else a name speaks of, these are offences: theft, robbery, burglary, bodily harm, weapons, arson, fraud.
_GRAVE: Final = "|".join(
    (
        r"theft|thieves|\bsteal|\bstole|larcen|robber|burglar|shoplift|pickpocket|\bmugg(ing|ed)|homicid|murder",
        r"manslaught|assault|\bbatter(y|ies)\b|weapon|firearm",
        r"\bgun(s|shots?|fire)?\b|shooting|stabb|\bkni(fe|ves)\b",
        r"kidnap|abduct|\barson|fraud|embezzl|forger|counterfeit|extort|blackmail|traffick|cruel|fight|\bbrawl",
        r"κλοπ|ληστ[ειη]|διαρρηξ|ανθρωποκτον|δολοφον|ξυλοδαρμ",
        r"σωματικ\w* βλαβ|σωματικ\w* κακωσ|οπλ(ο|α|ων|οφορ|οχρησ)",
        r"πυροβολ|μαχαιρ|απαγωγ|αρπαγ|εμπρησμ|απατ[ηεω]|πλαστογραφ|εκβιασ|συμπλοκ|τσαντακ|κακοποιησ\w* ζω",
        r"\bvols?\b|cambriol|braquage|\bagressions?\b|homicide|meurtre",
        r"assassin|coups et blessures|coups volontaires",
        r"\barmes?\b|coups? de feu|enlevement de personne|sequestration|incendie (volontaire|criminel)|escroquer",
        r"\brixes?\b|bagarre|extorsion|racket|\brecel\b|maltraitance animale|arrachage de sac",
        r"\brobos?\b|\bhurtos?\b|\batracos?\b|\basaltos?\b|homicidio",
        r"asesinat|secuestr|\bestafas?\b|fraude|\bagresion",
        r"\barmas?\b|disparos|navaja|apunalam|\brinas?\b|\bpeleas?\b",
        r"allanamiento|sustraccion|carterist|lesiones dolosas",
        r"lesiones (personales|intencionales)|maltrato animal|feminicid",
        r"\broubos?\b|\bfurtos?\b|\bassaltos?\b|latrocini|sequestro|estelionato|\bburla\b|\bagressao|\bagressoes",
        r"lesao corporal|lesoes corporais|\brixa\b|\bbrigas?\b|esfaque|disparo de arma|carteirist|arrombamento",
        r"receptacao|maus tratos",
        r"diebstahl|\bgestohlen|\braub(es|uberfall|delikt\w*)?\b|einbruch",
        r"einbruche|korperverletz|totschlag|totung|\bmord|\bwaffe",
        r"messer(angriff|stech|attacke)|\bschuss|brandstift|\bbetrug",
        r"erpress|entfuhr|schlagerei|taschendieb|hehlerei",
        r"\bfurt[oi]\b|\brapin[ae]\b|\bscipp[oi]\b|omicidi|\bborsegg",
        r"\baggression[ei]\b|lesioni (personali|dolose)",
        r"\barm[ai]\b|accoltell|sparatori|truff[ae]|estorsion",
        r"ricettazion|\briss[ae]\b|incendi[oi] dolos|sequestro di",
        r"diefstal|gestolen|inbraak|beroving|overval|mishandel|steekpartij|schietpartij|zakkenroll|brandsticht",
        r"wapen|\brobator|\bfurts?\b|atracament|\bbaralla|lopas|rablas|betores|testi sertes|gyujtogat|fegyver",
        r"oplicht|verekedes|zadzib|laupis|kautin|piekaus|miesas boj|kradziez|rozboj|wlaman|pobici|oszust|zabojst",
        r"\bnapa(sc|d)",
    )
)
# Offences where the name speaks of nothing above, and of no nuisance and no danger either.
_OFFENCE: Final = "|".join(
    (
        r"crime|criminal|offen[cs]e|felon|misdemeano|violen|drug|narcot",
        r"possession|vandal|\bthreat|intimidat|trespass",
        r"burgl|hijack|joyrid|\bdui\b|\bdwi\b|drunk driv|\bhate\b|racis",
        r"stolen|unlawful|homophob|transphob|spik(ing|ed)\b",
        r"\babus(e|es|ed|ive)\b|\binsults?\b|criminal damage|public order",
        r"εγκλημα|αδικημ|παραβασ|ναρκωτ|βανδαλισμ|φθορα|φθορεσ ξεν",
        r"απειλ[ηεω]|επιθεσ|\bβια\b|βιαιοπραγ|εξυβρισ|παραβιασ",
        r"ρατσισ|επιτεθ|τραυματισμ|ξυλο\b|ναρκω",
        r"\bdelits?\b|infraction|violence|stupefiant|drogue|menace",
        r"vandalisme|degradations? (volontaire|de bien)|\binsulte",
        r"destructions? et degradation|outrage|racis|usage de (drogue|stupef)|conduite en etat|usurpation",
        r"\bdelitos?\b|crimen|violencia|drogas?\b|estupefacient|narcotrafic|amenaza|vandalismo|extorsion|injuria",
        r"usurpacion|falsific|lesiones\b|sicari|narcomenud",
        r"\bcrimes?\b|violencia|trafico de (droga|arma|estup|pessoa|persona)|entorpecent",
        r"estupefacient|ameaca|\bdanos?\b|injuria",
        r"vandalismo|ofensa|depredacao|apropriacao indebita",
        r"straftat|verbrech|delikt|gewalt|droge|betaubungsmittel",
        r"rauschgift|bedroh|sachbeschadig|vandalismus|notigung",
        r"beleidig|hausfriedensbruch|korperlich\w* angriff|uberfall|randal",
        r"\breat[oi]\b|delitt[oi]|violenz|spaccio|stupefacent|\bdrog[ae]",
        r"minacc|vandalismo|atti vandalici|danneggiament",
        r"ingiuri|percoss|effrazion|violazione di domicilio",
        r"bedreig|vernieling|geweld|misdrijf|misdaad|amenac|delicte|violencia|fenyeget|rongal|vandaliz|garazda|kabitoszer",
        r"podpalen|\bbron (palna|biala)",
        r"buncselek|eroszak|draud(i|u|es)\b|narkot|noziegum|vardarbib|huligan|bojasan|uszkodzen|wandaliz|grozb|przestepst|przemoc|dewastac|niszczeni",
        r"\bdrog|dopalacz|\bdealer|\bdealen|vernield|zniszcz|zerstor|demolier|\bbeschadig|destross|desperfect|demol",
    )
)
_INCIVILITY: Final = "|".join(
    (
        r"anti ?social|\basb\b|\bnois|\bloud\b|litter|rubbish|garbage",
        r"\btrash|\bwaste\b|dumping|fly ?tip|graffiti",
        r"\banimals?\b|\bdogs?\b|\bcats?\b|\bpets?\b|fouling",
        r"nuisance|disorderly|illegal(ly)? park|abandoned (vehicle|car|bike|bicycle)|urinat|\bbegg|panhandl|rowd",
        r"\bloiter|rodent|\brats?\b|\bpests?\b|mosquito|blocked (driveway|pavement|sidewalk)|fly ?post",
        r"dirty|incivil|unsanitary|public drink|drinking in|street drink|weeds|odou?r|smell|fireworks",
        r"θορυβ|ηχορυπ|σκουπιδ|απορριμμα|γκραφιτι|\bζωα\b|\bζωων\b",
        r"αδεσποτ|σκυλ|οχληση|οχλησ|\bφασαρι|δυνατη μουσικη",
        r"(παρανομ|αντικανονικ)\w* (σταθμευσ|παρκαρ)|βρωμι|ουρηση",
        r"εγκαταλε\w* (οχημ|αυτοκινητ)|τρωκτικ|κουνουπ|μπαζα|ακαθαρσι",
        r"διαταραξ\w* (κοιν|ησυχ)|επαιτ|κοινη ησυχια",
        r"\bbruits?\b|tapage|dechet|ordures|depots? sauvage|\btags?\b",
        r"animaux|\bchiens?\b|nuisances|encombrants|graffiti",
        r"stationnement (genant|interdit|illicite|abusif|sauvage)|salete",
        r"malproprete|vehicules? (abandonne|ventouse)|epave",
        r"mendicite|ivresse|mauvaises? odeur|\brats?\b|attroupement|incivilite",
        r"ruido|basura|grafiti|pintada|\bperros?\b|animales|residuos|molestias? (por|vecinal)|botellon|escombros",
        r"orina|suciedad|incivismo|vehiculos? abandonad|mal estacionad",
        r"estacionamiento (indebido|ilegal)|aparcamiento indebido",
        r"\bplagas?\b|\bratas?\b|malos? olor|mendicidad|via publica sucia",
        r"barulho|\blixo\b|entulho|pichacao|grafite|animais|\bcaes\b|\bcao\b|perturbacao d[oa] (sossego|ordem)",
        r"sujidade|sujeira",
        r"estacionamento (irregular|abusivo|indevido|ilegal)",
        r"viaturas? abandonad|veiculos? abandonad|monos\b",
        r"mau cheiro|\bratos?\b|som alto",
        r"\blarm|ruhestor|\bmull|\babfall|abfalle|schmiererei|\btiere?\b",
        r"\bhunde?\b|hundekot|falschpark|verschmutz|schrottfahrz",
        r"geruchsbelast|unrat|sperrmull|wildplakat|vermull|\bratten?\b",
        r"ordnungswidrig|trinkergruppe|lautstark|zugeparkt",
        r"rumor[ei]?\b|rumoros|schiamazz|rifiut|imbratta|\bscritte\b|animali|\bcan[ei]\b",
        r"degrado|sosta (vietata|selvaggia|irregolare)|sporcizia",
        r"molestie (olfattiv|acustic)|veicol[oi] abbandonat|ingombrant",
        r"deiezion|disturbo (della|alla) quiete|schiamazz|\btopi\b",
        r"\bafval|straatvuil|overlast|geluids|lawaai|zwerfvuil|hondenpoep|geparkeerd|wildplas|vervuil|soroll|brutic|escombrar|incivisme",
        r"csendhabor|\bzaj(os|ong)?\b|szemet|hulladek|falfirka|\bkutya|parkol|troksn|atkritum|grafiti|piesarnoj",
        r"halas|ciszy nocnej|grafits|smieci|zasmiec|parkowan|(spozywanie|picie) alkoholu|\bpsy\b|zaklocan|zaczepian",
        r"dronken|nietrzezw|\bpijan|\bborratx|embriag|ubriac|ittas|reszeg|hangosk|reibum|\bbetrunken|μεθυσ",
        r"alkohola lietosan|zajong|\balkohol\b(?! am steuer)|\brauchen\b|alkoholkonsum|alkoholfogyaszt|alcoholgebruik",
        r"consom\w* d alcool|consumo d[ei] (alcohol|alcool|alcol)|consum d alcohol|καταναλωση αλκοολ",
        r"deixalles|\bresidus\b|\bbross[ae]\b|porqueria|spazzatura|immondizi|\bdiscarica|lixeira|\bodpad|\bbrud(n\w+)?\b",
        r"nieczystosc|odchod|szemetel|kutyapisz|\bsun(i|u)\b|netirib|hundehaufen|\bdreck|mullablag|vuilnis|grofvuil|\brommel",
        r"\bbedel(en|aar|arij)|\bzebra(ni|k|c)|koldul|\bubag|mendic|captaire|accatton|questua|\bmendig|\bpedint|mendian",
        r"\bbettel|επαιτεια",
    )
)
_RISK: Final = "|".join(
    (
        r"\baccidents?\b|\bcrash|\bcollisions?\b|\bpot ?holes?\b",
        r"street ?li(ght|gt)|street ?lamp|\bunlit\b|poor(ly)? li(t|ght)",
        r"\blighting\b|\blights? (is |are )?(out|off|broken)",
        r"\blamps?\b|lamp ?post|\bbroken lights?|\blight out\b",
        r"\brisk of\b|\b(risco|riesgo) de\b|\brisque de\b|\brischio di\b",
        r"\bunsafe\b|\binsecur|not (feel )?safe|\bhazard|\bdanger\b",
        r"\bdangerous (place|road|building|crossing|street|area|spot|corner)|\bscar(y|ed)\b|\bfears?\b",
        r"\bafraid\b|\bdark(ness)?\b",
        r"near miss|ατυχημα|συγκρουσ|παρασυρσ|λακκουβ|φωτισμ|επικινδυν",
        r"ανασφαλ|\bφωτα\b|λαμπ(α|ες|εσ|τηρ)|σκοτειν|σκοταδ|φοβ(ο|α)",
        r"(δεν|δε|μη) (νιωθ|αισθαν|ειναι )?\w* ?ασφαλ|κινδυν|φαναρι σβηστ|σβηστ",
        r"\baccidentes?\b|\bcolision|\batropello|\bcaidas?\b|\bchoques?\b",
        r"\bbaches?\b|alumbrad|iluminaci|luminaria|farola",
        r"insegur|peligr|oscur[ao]|oscuridad|\bmiedo|mal iluminad|vuelco|salida de la via|\balcance\b",
        r"\bacidentes?\b|\bcolisao|\bcolisoes|\batropelamento",
        r"\bburacos?\b|iluminaca|candeeiro|perig|escur[ao]|\bmedo\b",
        r"lampada|poste de luz|despiste|capotamento",
        r"\beclairage|\bdangereu|nids? de poule|\bchutes?\b|lampadaire",
        r"reverbere|insecur|pas en securite|sombre|\bpeur\b",
        r"mal eclair|obscur|non eclair|zone d ombre",
        r"unfall|unfalle|zusammensto|schlagloch|schlaglocher|beleuchtung",
        r"gefahrenstelle|gefahrlich|laterne|unsicher|angst",
        r"dunkel|dunkl|unbeleucht|strassenlicht|\blampen?\b|gefahr",
        r"incident[ei] stradal|\binvestiment|\bbuc(a|he)\b|illuminazion",
        r"pericol|lampion|insicur|\bbui[oa]?\b|\bpaura\b",
        r"scars[ao] luc|\btamponament|luci? (spent|guast)",
        r"onveilig|gevaar(?!lijk gepark)|verlichting|lantaarn|aanrijding|ongeval|perill|enllumenat|il luminacio|\bfosc",
        r"vilagitas|veszely|baleset|\bkatyu|sotet|nedros|apgaismoj|bistam|negadij|niebezpieczn|oswietlen|wypad(ek|ki)\b|kolizj|\bdziur|ciemn",
        r"speeding|too fast|hard rijd|snelheid|predkosc|piractwo drog|gyorshajt|szaguld",
        r"atrums? parsnieg|atruma|velocita[ts]?\b",
        r"velocidad|\bvitesse|\brodeo|\braser(ei)?\b|geschwindig|zu schnell|ταχυτητ",
    )
)
# What a city keeps in order: requests for its services, and no offence. Read where nothing above is spoken of.
_SERVICE: Final = "|".join(
    (
        r"\btrees?\b|\bbranch(es)?\b|\bparks?\b|playground|\bsigns?\b",
        r"signage|\bbench(es)?\b|sidewalk|pavement|footpath|pothol",
        r"\bsewers?\b|sewage|\bdrain(s|age)?\b|gull(y|ies)|manhole",
        r"water (leak|main|supply)|street clean|sweeping|recycl|\bbins?\b",
        r"traffic (light|signal)|bus (stop|shelter)|street furniture",
        r"\bgrass\b|snow|road (surface|repair|damage|marking)",
        r"street (condition|repair|sign)|bulky|public toilet|maintenance",
        r"greenery|\bhydrants?\b|heat hot|plumbing|\bkerb",
        r"δεντρ|δενδρ|κλαδ(ι|ε|ο)|\bπαρκ(ο|α|ου|ων)\b|πλατει|πρασιν",
        r"πινακιδ|σημανσ|σηματοδ|παγκακ|παιδικ\w* χαρ|πεζοδρομ",
        r"υδρευσ|διαρρο|αποχετευσ|φρεατι|υδροσυλλ|\bκαδ(ο|οι|ων|ου)",
        r"καθαριοτητ|ανακυκλωσ|ογκωδ|οδοστρωμα|ασφαλτ|φαναρ|νερου",
        r"\barbres?\b|branches?\b|espaces? verts?|\bparcs?\b|jardins?\b",
        r"panneau|signalisation|voirie|mobilier urbain|trottoir",
        r"chaussee|\begout|assainissement|fuite d eau|aire de jeux",
        r"\bbancs?\b|proprete|poubelle|feux? tricolore|nettoyage",
        r"\barbol|\bparques?\b|jardin|\bsenal|\bramas?\b",
        r"mobiliario urbano|\baceras?\b|alcantarill|fuga de agua|limpieza",
        r"banqueta|pavimento|semaforo|contenedor|juegos infantiles",
        r"bancos? (de|del) parque|zonas? verdes?|\bpoda\b|\bmaleza",
        r"\barvore|arvoredo|\bpoda\b|sinaliza|\bplacas?\b|passeios?\b",
        r"calcada|esgoto|vazamento|bueiro|sarjeta|limpeza|capina",
        r"mobiliario urbano|contentor|ecoponto|espacos? verdes?|ramos\b|parque infantil|fuga de agua|varricao",
        r"\bbaum|\bbaume?\b|\bast(e|bruch)?\b|grunflach|grunanlag",
        r"\bpark(s|anlagen?|bank)?\b|spielplatz|verkehrszeichen|schild|schilder",
        r"\bampel|strassenreinig|gehweg|burgersteig|\bkanal|gully|wasserrohr",
        r"wasserleitung|fahrbahn|strassenschad|sitzbank|papierkorb",
        r"container|winterdienst|\bhecke|radweg|reinigung|stadtgrun",
        r"\balber[oi]\b|alberatur|verde pubblico|\bparc(o|hi)\b|giardin",
        r"segnaletic|cartell[oi]|\bram[io]\b|marciapied|fognatur|tombin",
        r"perdita d acqua|pulizia|cassonett|cestin|arredo urbano|panchin",
        r"semafor|manto stradal|parco giochi|area giochi|potatur",
    )
)
# Of these what people stumble over and cross at: the street itself and its signals.
_WAYS: Final = "|".join(
    (
        r"sidewalk|\bpavement|footpath|footway|\b[ck]urbs?\b|\bkerb|road (surface|repair|damage)",
        r"street (condition|repair)|manhole|traffic (light|signal)|πεζοδρομ|οδοστρωμα|ασφαλτ|φρεατι|φαναρ|σηματοδ",
        r"voirie|trottoir|chaussee",
        r"feux? tricolore|\baceras?\b|banqueta|pavimento|semafor|calcada|\bpasseios?\b|bueiro|\bampel",
        r"gehweg|burgersteig|fahrbahn|strassenschad|radweg|\bgully|marciapied|manto stradal|tombin|stoeptegel|wegdek",
        r"fietspad|verkeerslicht|\bvorer|\bcalcada|\bjarda|jelzolamp|\bchodnik|nawierzchn|sygnalizac|\bietv|luksofor",
        r"\bstoep(en)?\b|kraweznik|przejsci\w* dla piesz|zebrapad|gyalogatkel|uttest",
        r"gajeju parej|brauktuv|pas de vianants",
        r"strisce pedonal|attraversament|passadeira|paso de (peatones|cebra)|passages? pieton|zebrastreifen|fussganger",
        r"διαβασ(η|εισ|εις) πεζ|crosswalk|(zebra|pedestrian) crossing",
    )
)


def is_sensitive(text: str) -> bool:
    """Whether the name of a category speaks of sexual or gender-based harm, in one of the languages known.

    In doubt it does: what is sensitive is shown more coarsely, never more finely.
    """
    return bool(re.search(_SENSITIVE, re.sub(_HARMLESS, " ", _plain(text))))


def kind_of(text: str) -> Kind | None:
    """The kind that the name of a category says by itself, in one of the languages known; None where it says none.

    OFFENCE where it speaks of sexual or gender-based harm, theft, bodily harm and other grave acts; else RISK where it
    speaks of accidents, bad light and places that are or feel dangerous; else INCIVILITY where it speaks of noise,
    litter, animals and the like; else OFFENCE where it speaks of crime, drugs, vandalism or threats; else RISK where it
    names the street itself and its signals; else INCIVILITY where it names what else a city keeps in order (trees,
    signs, parks). Never a guess: `Kind.UNKNOWN` is for the one who asks.
    """
    said, plain = topic_of(text), _plain(text)
    if said is not None:
        return said
    if re.search(_WAYS, plain):
        return Kind.RISK
    return Kind.INCIVILITY if re.search(_SERVICE, plain) else None


@lru_cache(maxsize=8_192)
def topic_of(text: str) -> Kind | None:
    """As `kind_of`, but for what a city keeps in order: parks and signs are also where something happens."""
    plain = _plain(text)
    if is_sensitive(text) or re.search(_GRAVE, plain):
        return Kind.OFFENCE
    if re.search(_RISK, plain):
        return Kind.RISK
    if re.search(_INCIVILITY, plain):
        return Kind.INCIVILITY
    return Kind.OFFENCE if re.search(_OFFENCE, plain) else None


_CLEAR: Final = frozenset(["asb", "rape", "raub", "mord", "robo", "vols", "viol", "lixo"])
_AMBIGUOUS: Final = frozenset(["risse", "buche", "chute", "chutes", "monos", "burla", "alcance", "choque", "choques"])


def named_topic(text: str) -> tuple[Kind, str] | None:
    """As `topic_of`, but for a text of no category, such as a file's name, with the word that says it.

    Short words in Latin letters count only where they are known to be clear: "tag" is a day in German, "chute" a fall
    in French, "vol" a volume. None where no clear word says a kind.
    """
    plain = _plain(text)
    harmless = re.sub(_HARMLESS, " ", plain)
    for kind, pattern, where in (
        (Kind.OFFENCE, _SENSITIVE, harmless),
        (Kind.OFFENCE, _GRAVE, plain),
        (Kind.RISK, _RISK, plain),
        (Kind.INCIVILITY, _INCIVILITY, plain),
        (Kind.OFFENCE, _OFFENCE, plain),
    ):
        for found in re.finditer(pattern, where):
            start = where.rfind(" ", 0, found.start() + 1) + 1 if found.start() else 0
            end = where.find(" ", found.end())
            word = where[start : end if end >= 0 else None].strip()
            clear = (len(word) >= 5 and word not in _AMBIGUOUS) or not word.isascii()
            if clear or word in _CLEAR:
                return kind, word
    return None


def _plain(text: str) -> str:
    """Folded words with single blanks: letters and digits only."""
    return " ".join(re.findall(r"\w+", fold(text).replace("_", " ")))
