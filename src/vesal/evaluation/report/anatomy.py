"""What part of the body a structure belongs to, and what it is called on both sides.

Only the name is known: everybody's data sets spell the same organ in their own way. A name is cut
into words and looked up in one table of words and phrases; what no word tells is "other".
"""

import re
from dataclasses import dataclass
from functools import cache

OTHER = "other"
LESION = "lesion"

# A group to its words and phrases. A phrase matches in any order of its words ("Cavity_Oral").
# Where phrases of two groups are equally long, the earlier group has the name ("kidney vein").
_PHRASES = {
    # Before all others, whatever organ it sits in: "adrenal gland tumor", "renal cell carcinoma".
    LESION: """
        tumor, cancer, lesion, metastasis, metastases, metastatic, nodule, mass, cyst, edema,
        necrosis, necrotic, enhancing, nonenhancing, ncr, gtv, gtvp, gtvn, gtvt, neoplasm,
        malignant, malignancy, benign, carcinoma, adenoma, adenocarcinoma, glioma, glioblastoma,
        meningioma, schwannoma, lymphoma, sarcoma, hemangioma, hemorrhage, bleeding, microbleed,
        hematoma, stroke, infarct, infarction, ischemia, ischemic, penumbra, wmh, hyperintensity,
        hyperintensities, hypointensity, hypointensities, polyp, melanoma, nevus, keratosis,
        plaque, calcification, stenosis, aneurysm, thrombus, embolism, covid, infection,
        pneumonia, consolidation, opacity, opacities, ground glass, atelectasis, emphysema,
        pneumothorax, effusion, abscess, ulcer, wound, fracture, exudate, drusen
    """,
    "vessel": """
        artery, arteries, vein, vena, vena cava, inferior vena cava, superior vena cava, postcava,
        ivc, svc, cava, vessel, aorta, aortic, aortic arch, carotid, jugular, brachiocephalic,
        brachiocephalic trunk, celiac trunk, pulmonary trunk, coronary, subclavian, portal vein,
        splenic vein, circle willis, venous sinus, vasculature, vascular, arterial, venous
    """,
    "muscle": """
        muscle, gluteus, gluteal, autochthon, autochthonous, iliopsoas, psoas, iliacus, femoris,
        quadriceps femoris, thigh compartment, sartorius, gracilis, adductor, vastus, hamstring,
        semitendinosus, semimembranosus, gastrocnemius, soleus, tibialis, biceps, triceps,
        deltoid, trapezius, supraspinatus, infraspinatus, subscapularis, teres, pectoralis,
        latissimus dorsi, serratus, erector spinae, multifidus, quadratus lumborum,
        rectus abdominis, rectus femoris, lateral rectus, medial rectus, superior rectus,
        inferior rectus, external oblique, internal oblique, superior oblique,
        inferior oblique, transversus abdominis, piriformis, obturator,
        sternocleidomastoid, scalene, platysma, levator scapulae, levator ani,
        pharyngeal constrictor, pharynx constrictor, cricopharyngeus, sterno thyroid,
        sternothyroid, thyrohyoid, prevertebral, digastric, masseter, temporalis, pterygoid,
        tongue muscle
    """,
    # With the spinal cord: it is the same tissue, and no group of its own would have a second.
    "brain": """
        brain, brain stem, midbrain, pons, medulla oblongata, medulla, cerebrum, cerebral,
        cerebellum, cerebelum, cerebellar, vermis, cortex, ctx, hemisphere,
        white matter, gray matter, gray, deep gray, wm, gm, csf, cerebrospinal fluid,
        spinal cord, spinal canal, ventricle, lateral ventricle, third ventricle,
        fourth ventricle, 3rd ventricle, 4th ventricle, 5th ventricle, lat vent, ventral dc,
        diencephalon, thalamus, thalamic, hypothalamus, subthalamic, subthalamic nucleus,
        caudate, caudate nucleus, putamen, pallidum, globus pallidus, lentiform nucleus,
        striatum, accumbens, nucleus accumbens, substantia nigra, red nucleus, basal ganglia,
        hippocampus, hippocampal, amygdala, parahippocampal, entorhinal, fornix, fimbria,
        choroid plexus, corpus callosum, corpuscallosum, cc, internal capsule, external capsule,
        septum pellucidum, basal forebrain, subarachnoid space, claustrum, peduncle,
        frontal, frontal lobe, temporal, temporal lobe, parietal, parietal lobe, occipital,
        occipital lobe, insula, insular, cingulate, cingulum, bankssts, caudalanteriorcingulate,
        caudalmiddlefrontal, cuneus, fusiform, inferiorparietal, inferiortemporal,
        isthmuscingulate, lateraloccipital, lateralorbitofrontal, lingual, medialorbitofrontal,
        middletemporal, paracentral, parsopercularis, parsorbitalis, parstriangularis,
        pars opercularis, pars orbitalis, pars triangularis, operculum, oper, pericalcarine,
        calcarine, postcentral, posteriorcingulate, precentral, precuneus,
        rostralanteriorcingulate, rostralmiddlefrontal, superiorfrontal, superiorparietal,
        superiortemporal, supramarginal, supra marginal, frontalpole, temporalpole,
        transversetemporal, orbitofrontal, rolandic, motor area, olfactory, rectus, angular,
        heschl, sulcus, gyrus, gyri, sulci
    """,
    # A ventricle without a side is one of the brain.
    "heart": """
        heart, cardiac, atrium, atria, atrial, atrial appendage, left ventricle, right ventricle,
        heart ventricle, left ventricular, right ventricular, myocardium, myocardial, heart muscle,
        epicardium, endocardium, pericardium, pericardial, lv, rv, la, ra, lvm, myo,
        aortic valve, mitral valve, tricuspid valve, pulmonary valve, coronary sinus
    """,
    "head and neck": """
        head neck, eye, eyeball, lens, eye lens, orbit, retina, cornea, iris, pupil, macula,
        fovea, sclera, optic disc, optic disk, optic cup, optic nerve, optic chiasm, chiasm,
        optic tract, trigeminal nerve, facial nerve, alveolar nerve, alveolar canal, lacrimal,
        lacrimal gland, parotid, parotid gland, submandibular, submandibular gland, submand,
        sublingual, salivary, salivary gland, pituitary, pituitary gland, thyroid, thyroid gland,
        thyroid cartilage, parathyroid, larynx, supraglottic, supraglottis, glottis, glottic,
        arytenoid, epiglottis, cricoid, pharynx, nasopharynx, oropharynx, hypopharynx,
        cervical esophagus, oral cavity, nasal cavity, sinonasal cavity, buccal mucosa, mouth,
        lip, tongue, palate, uvula, tonsil, tooth, teeth, gingiva, ear, cochlea, mastoid,
        mastoid air cell, auditory canal, auditory, vestibular, semicircular canal, nose, nasal,
        frontal sinus, maxillary sinus, sphenoid sinus, ethmoid sinus, sinus, face, cheek, hypophysis
    """,
    # Below the brain, whose nuclei are none of a cell.
    "cell": """
        cell, nucleus, nuclei, nucleolus, cytoplasm, mitochondria, mitochondrion, organoid,
        neuron, synapse, axon, dendrite, lymphocyte, leukocyte, erythrocyte, macrophage,
        neutrophil, eosinophil, fibroblast, endoplasmic reticulum, lysosome, chromosome,
        bacteria, bacterium, yeast
    """,
    "abdomen and thorax": """
        liver, hepatic, spleen, kidney, renal, kidney cortex, renal cortex, kidney medulla,
        renal medulla, renal pelvis, kidney pelvis, gall bladder, pancreas, pancreatic, stomach,
        esophagus, duodenum, jejunum, ileum, small bowel, bowel, colon, intestine, cecum,
        appendix, sigmoid, rectum, anus, anal canal, adrenal, adrenal gland, bile duct, biliary,
        peritoneum, mesentery, abdomen, abdominal, ureter, urethra, urinary bladder, bladder,
        prostate, prostatic, peripheral zone, transition zone, seminal vesicle, penile bulb,
        testis, testicle, uterus, cervix, endometrium, ovary, ovaries, vagina, placenta, lung,
        pulmonary, trachea, airway, bronchus, bronchi, bronchia, bronchial, pleura, pleural,
        mediastinum, mediastinal, thymus, diaphragm, breast, mammary gland, thorax, chest
    """,
    "bone": """
        bone, bony, temporal bone, frontal bone, parietal bone, occipital bone, nasal bone, jaw,
        vertebra, vertebrae, vertebral, intervertebral disc, intervertebral disk, disc, disk,
        spine, sacrum, coccyx, rib, sternum, manubrium, costal cartilage, cartilage, humerus,
        scapula, clavicula, clavicle, ulna, radius, carpal, metacarpal, phalanx, phalanges,
        finger, femur, femoral head, head femur, tibia, fibula, patella, tarsal, metatarsal,
        calcaneus, talus, hip, pelvis, acetabulum, ilium, ischium, pubis, knee, meniscus, skull,
        cranium, mandible, maxilla, hyoid, zygomatic, zygomatic arch, styloid process, skeleton,
        c1, c2, c3, c4, c5, c6, c7, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13,
        l1, l2, l3, l4, l5, l6, s1, s2
    """,
}

GROUPS = (*_PHRASES, OTHER)

# Other spellings and short forms, to the words that the table knows.
_SPELT = {
    "l": "left",
    "lt": "left",
    "lh": "left",
    "r": "right",
    "rt": "right",
    "rh": "right",
    # HaN-Seg's segments of the eye, and FLARE's short names
    "al": "anterior left",
    "ar": "anterior right",
    "pl": "posterior left",
    "pr": "posterior right",
    "lk": "left kidney",
    "rk": "right kidney",
    "lag": "left adrenal gland",
    "rag": "right adrenal gland",
    "glnd": "gland",
    "nrv": "nerve",
    "tumour": "tumor",
    "oedema": "edema",
    "oesophagus": "esophagus",
    "haemorrhage": "hemorrhage",
    "haematoma": "hematoma",
    "haemangioma": "hemangioma",
    "ischaemia": "ischemia",
    "ischaemic": "ischemic",
    "leucocyte": "leukocyte",
    "foetal": "fetal",
    "caecum": "cecum",
    "coeliac": "celiac",
    "grey": "gray",
    "gallbladder": "gall bladder",
    "brainstem": "brain stem",
    "spinalcord": "spinal cord",
    "smallbowel": "small bowel",
    "opticnerve": "optic nerve",
    "opticchiasm": "optic chiasm",
}
_SIDES = frozenset({"left", "right"})
# Left and right are no pair here, but two organs that do not even look alike.
_CHAMBERS = frozenset({"ventricle", "ventricular", "atrium"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """Where a structure belongs.

    Attributes:
        group: one of GROUPS.
        lesion: whether it is something ill in an organ and no organ; its group is then "lesion".
    """

    group: str
    lesion: bool


@cache
def anatomy_of(name: str) -> Anatomy:
    """Return the group of a structure by the words of its name: "Glnd_Lacrimal_L", "kidney tumor".

    A lesion is one wherever it sits. Else the longest phrase decides ("optic disc" before
    "disc"), and of equally long ones the first in the table. A name without a known word is in
    group "other".
    """
    words = _with_singulars(_words(name))
    matches = [(group, phrase) for group, phrase in _table() if phrase <= words]
    if not matches:
        return Anatomy(group=OTHER, lesion=False)
    if any(group == LESION for group, _ in matches):
        return Anatomy(group=LESION, lesion=True)
    group, _ = max(matches, key=lambda match: len(match[1]))  # the first of the longest
    return Anatomy(group=group, lesion=False)


@cache
def organ_of(name: str) -> str:
    """Return a name that left and right share: "kidney" of "left kidney" or "Kidney-L".

    In lower case with single blanks. Numbers stay, since ribs 3 and 4 are two organs: "rib_left_3"
    is "rib 3". The ventricles and atria of the heart keep their side: left and right are two organs
    there. So does a name that is nothing but a side. A name without a letter or digit comes back
    without the blanks around it.
    """
    words = _words(name)
    rest = [word for word in words if word not in _SIDES]
    chamber = not _CHAMBERS.isdisjoint(words) and anatomy_of(name).group == "heart"
    return " ".join(words if chamber or not rest else rest) or name.strip()


def _words(name: str) -> tuple[str, ...]:
    """The words of a name in the table's spelling, cut also at camel case, but not in "GTVp"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", " ", name)
    words = re.findall(r"[^\W_]+", spaced.casefold())
    return tuple(" ".join(_SPELT.get(word, word) for word in words).split())


def _with_singulars(words: tuple[str, ...]) -> frozenset[str]:
    """All words, with those they may be the plural of and those they count ("lesion2")."""
    plain = {*words, *(word.rstrip("0123456789") for word in words)}
    # Short words that end in s are no plurals but short forms.
    long = [word for word in plain if len(word) > 3]
    ends = {word.removesuffix(end) for word in long for end in ("s", "es")}
    return frozenset(" ".join(_SPELT.get(word, word) for word in plain | ends).split())


@cache
def _table() -> tuple[tuple[str, frozenset[str]], ...]:
    """Each phrase as its words, with its group."""
    return tuple(
        (group, frozenset(_words(phrase)))
        for group, phrases in _PHRASES.items()
        for phrase in phrases.split(",")
    )
