"""Colours of objects, told apart at a glance, the same for the same number."""

import colorsys

_GOLDEN = 0.618033988749895  # of the circle of hues: neighbours in number lie far apart in hue


def colour_of(number: int) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, for an object's number, which counts from 1."""
    hue = (0.02 + (number - 1) * _GOLDEN) % 1
    saturation = (0.75, 0.55, 0.95)[number % 3]
    value = (1.0, 0.85, 0.7)[number // 3 % 3]
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)
