"""Names of structures by group, written by hand: what people's label files call things."""

SHIPPED = {
    "abdomen and thorax": """spleen; kidney_right; kidney_left; gallbladder; liver; stomach;
        pancreas; adrenal_gland_right; adrenal_gland_left; lung_upper_lobe_left;
        lung_lower_lobe_left; lung_upper_lobe_right; lung_middle_lobe_right;
        lung_lower_lobe_right; lung_left; lung_right; esophagus; trachea; small_bowel; duodenum;
        colon; urinary_bladder; prostate""",
    "head and neck": "thyroid_gland",
    "lesion": "kidney_cyst_left; kidney_cyst_right",
    "bone": "sacrum; vertebrae; intervertebral_discs; humerus_left; humerus_right; scapula_left;"
    "scapula_right; clavicula_left; clavicula_right; femur_left; femur_right; hip_left; hip_right;"
    "skull; sternum; costal_cartilages; vertebrae_S1;"
    + ";".join(f"vertebrae_L{i}" for i in range(1, 6))
    + ";"
    + ";".join(f"vertebrae_T{i}" for i in range(1, 13))
    + ";"
    + ";".join(f"vertebrae_C{i}" for i in range(1, 8))
    + ";"
    + ";".join(f"rib_{side}_{i}" for side in ("left", "right") for i in range(1, 13)),
    "heart": "heart; atrial_appendage_left",
    "vessel": """aorta; pulmonary_vein; brachiocephalic_trunk; subclavian_artery_right;
        subclavian_artery_left; common_carotid_artery_right; common_carotid_artery_left;
        brachiocephalic_vein_left; brachiocephalic_vein_right; superior_vena_cava;
        inferior_vena_cava; portal_vein_and_splenic_vein; iliac_artery_left;
        iliac_artery_right; iliac_vena_left; iliac_vena_right""",
    "brain": "brain; spinal_cord",
    "muscle": """gluteus_maximus_left; gluteus_maximus_right; gluteus_medius_left;
        gluteus_medius_right; gluteus_minimus_left; gluteus_minimus_right; autochthon_left;
        autochthon_right; iliopsoas_left; iliopsoas_right""",
}

ELSEWHERE = {
    "TotalSegmentator, other tasks": {
        "bone": """tibia; fibula; patella; tarsal; metatarsal; phalanges_feet; ulna; radius; carpal;
            phalanges_hand; hyoid; zygomatic_arch_right; styloid_process_left""",
        "muscle": """quadriceps_femoris_left; thigh_medial_compartment_left; sartorius_right;
            thigh_posterior_compartment_right; sternocleidomastoid_left; skeletal_muscle;
            superior_pharyngeal_constrictor; levator_scapulae_right; anterior_scalene_left""",
        "heart": """heart_myocardium; heart_atrium_left; heart_ventricle_right""",
        "vessel": "pulmonary_artery; lung_vessels; liver_vessels; internal_jugular_vein_left",
        "lesion": "pleural_effusion; liver_tumor; lung_nodules",
        "brain": """brainstem; subarachnoid_space; septum_pellucidum; caudate_nucleus; ventricle;
            lentiform_nucleus; insular_cortex; internal_capsule; central_sulcus; frontal_lobe""",
        "head and neck": """eye_lens_left; parotid_gland_left; nasopharynx; auditory_canal_left;
            hard_palate; larynx_air; thyroid_cartilage; cricoid_cartilage; nasal_cavity_right""",
        "other": "body_extremities; subcutaneous_fat",
    },
    "AMOS, BTCV, WORD, FLARE, SegThor": {
        "abdomen and thorax": """gall bladder; esophagus; right kidney; left adrenal gland; bladder;
            prostate/uterus; Adrenal; intestine; Rectum; RK; LK; RAG; LAG; trachea; Oesophagus""",
        "vessel": "postcava; IVC; portal vein and splenic vein; aorta; inferior vena cava",
        "bone": "Head_of_femur_L; Head_of_femur_R",
        "heart": "heart",
    },
    "SAM-Med3D's groups": {
        "lesion": """edema; enhancing tumor; kidney tumor; hepatic tumor; breast tumor;
            non-enhancing tumor core""",
        "head and neck": "parotid; submandibular; pituitary; lacrimal gland",
        "vessel": "aorta tree",
        "brain": "cerebellum; deep gray; gray; white matter; external CSF; brainstem",
    },
    "Desikan-Killiany, FreeSurfer, AAL": {
        "brain": ";".join(
            f"ctx-lh-{region}; R {region}"
            for region in (
                "bankssts caudalanteriorcingulate caudalmiddlefrontal corpuscallosum cuneus "
                "entorhinal fusiform inferiorparietal inferiortemporal isthmuscingulate "
                "lateraloccipital lateralorbitofrontal lingual medialorbitofrontal middletemporal "
                "parahippocampal paracentral parsopercularis parsorbitalis parstriangularis "
                "pericalcarine postcentral posteriorcingulate precentral precuneus "
                "rostralanteriorcingulate rostralmiddlefrontal superiorfrontal superiorparietal "
                "superiortemporal supramarginal frontalpole temporalpole transversetemporal insula"
            ).split()
        )
        + """; Left-Cerebral-White-Matter; Left-Cerebral-Cortex; Right-Lateral-Ventricle;
            Left-Inf-Lat-Vent; Left-Cerebellum-Cortex; Left-Thalamus-Proper; Left-Caudate;
            Left-Putamen; Right-Pallidum; 3rd-Ventricle; 4th-Ventricle; Brain-Stem;
            Left-Hippocampus; Right-Amygdala; CSF; Left-Accumbens-area; Left-VentralDC;
            Left-choroid-plexus; CC_Mid_Anterior; Precentral_L; Frontal_Sup_Orb_R; Rectus_L;
            Rolandic_Oper_L; Supp_Motor_Area_R; ParaHippocampal_L; SupraMarginal_R; Heschl_L;
            Temporal_Pole_Sup_L; Cerebelum_Crus1_L; Vermis_1_2; Angular_L; Calcarine_R;
            Cingulum_Ant_L; Olfactory_R; Postcentral_L; Occipital_Mid_L""",
        "vessel": "Left-vessel",
        "lesion": "WM-hypointensities",
        "head and neck": "Optic-Chiasm",
    },
    "HaN-Seg and others of the head": {
        "vessel": "A_Carotid_L; A_Carotid_R",
        "head and neck": """Arytenoid; BuccalMucosa; Cavity_Oral; Cochlea_L; Eye_AL; Eye_PR; Glottis;
            Glnd_Lacrimal_L; Glnd_Submand_R; Glnd_Thyroid; Larynx_SG; Lips; OpticChiasm; OpticNrv_L;
            Parotid_R; Pituitary; optic nerve left; cervical esophagus; Inner Ear; teeth""",
        "bone": "Bone_Mandible; mandible; Temporal bone",
        "muscle": "Cricopharyngeus; Lateral_Rectus_L; rectus abdominis",
        "brain": "Brainstem; SpinalCord",
    },
    "heart, spine": {
        "heart": "left ventricle; RV; LV; myocardium; right atrium; LA; epicardium; aortic valve",
        "bone": "L1; T12; C7; vertebral body; disc L4/L5",
        "brain": "spinal canal",
        "vessel": "coronary arteries; hepatic vessel; vertebral artery; vein of the left kidney",
    },
    "lesions": {
        "lesion": """tumor; brain tumour; colon cancer; skin lesion; liver metastases; lung nodule;
            breast mass; masses; kidney cysts; oedema; necrosis; intracranial haemorrhage; stroke;
            infarct; WMH; polyp; melanoma; plaque; covid; COVID-19 infection; lung infections;
            lesion2; Lesion_3; adrenal gland tumor; GTVp; renal cell carcinoma""",
    },
    "cells": {"cell": "cell; Cells; nucleus; nuclei; mitochondria; Epithelial cells; nucleus 12"},
}
