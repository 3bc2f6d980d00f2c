// What is saved, and as what.

const NAMELESS = ["nrrd", "mha", "png", "stl"]; // they hold neither names nor colours

// The choice of formats: suffixes and what they are called.
export function fillFormats(select, formats) {
  select.replaceChildren(...Object.entries(formats).map(([suffix, name]) => {
    const note = NAMELESS.includes(suffix) ? ", without names" : "";
    return new Option(`${name} (.${suffix})${note}`, suffix);
  }));
}

// Gives the user a file.
export function keep({ blob, name }) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
