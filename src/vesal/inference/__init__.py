"""From an image and prompts to a mask on the image's grid."""
