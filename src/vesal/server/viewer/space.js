// Where things are: voxels of the image's own axes, world mm, and NiiVue's fractions.
//
// NiiVue turns every image so that its axes are nearest to right, anterior, superior. Only `turn`
// knows of it; mm are always found through the image's own affine, never through NiiVue's.

export class Space {
  // image: of the session's state. volume: NiiVue's, or null before it is loaded.
  constructor(image, volume) {
    this.ndim = image.shape.length;
    this.shape = this.ndim === 2 ? [...image.shape, 1] : image.shape;
    this.affine = this.ndim === 2 ? lifted(image.affine) : image.affine;
    this.inverse = inverted(this.affine);
    const turn = volume ? volume.permRAS : [1, 2, 3];
    this.axes = turn.map((axis) => Math.abs(axis) - 1); // axis of the image behind each of NiiVue's
    this.flips = turn.map((axis) => axis < 0);
    this.turned = this.axes.map((axis) => this.shape[axis]); // voxels along NiiVue's axes
  }

  toMm(voxel) {
    return applied(this.affine, voxel).slice(0, this.ndim);
  }

  toVoxel(mm) {
    return applied(this.inverse, this.ndim === 2 ? [mm[0], mm[1], 0] : mm);
  }

  toFraction(voxel) {
    return this.axes.map((axis, i) => {
      const share = (voxel[axis] + 0.5) / this.shape[axis];
      return this.flips[i] ? 1 - share : share;
    });
  }

  fromFraction(fraction) {
    const voxel = [0, 0, 0];
    this.axes.forEach((axis, i) => {
      const share = this.flips[i] ? 1 - fraction[i] : fraction[i];
      voxel[axis] = share * this.shape[axis] - 0.5;
    });
    return voxel;
  }

  inside(voxel) {
    return voxel.every((v, axis) => v >= -0.5 && v <= this.shape[axis] - 0.5);
  }

  clamped(voxel) {
    return voxel.map((v, axis) => Math.min(Math.max(Math.round(v), 0), this.shape[axis] - 1));
  }

  // Copies labels of a box of the image (first axis fastest) into NiiVue's bitmap.
  paint(bitmap, patch, labels) {
    const start = [...patch.start, 0].slice(0, 3);
    const count = [...patch.shape, 1].slice(0, 3);
    const steps = [1, this.turned[0], this.turned[0] * this.turned[1]];
    const step = [0, 0, 0];
    let origin = 0;
    this.axes.forEach((axis, i) => {
      step[axis] = this.flips[i] ? -steps[i] : steps[i];
      const first = this.flips[i] ? this.shape[axis] - 1 - start[axis] : start[axis];
      origin += first * steps[i];
    });
    let from = 0;
    for (let k = 0; k < count[2]; k++) {
      for (let j = 0; j < count[1]; j++) {
        let to = origin + j * step[1] + k * step[2];
        for (let i = 0; i < count[0]; i++, to += step[0]) bitmap[to] = slot(labels[from++]);
      }
    }
  }
}

// NiiVue's drawing has a byte a voxel: numbers above 255 share colours with earlier ones.
export function slot(number) {
  return number === 0 ? 0 : ((number - 1) % 255) + 1;
}

function lifted(affine) {
  return [
    [affine[0][0], affine[0][1], 0, affine[0][2]],
    [affine[1][0], affine[1][1], 0, affine[1][2]],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ];
}

function applied(matrix, point) {
  return [0, 1, 2].map(
    (r) => matrix[r][0] * point[0] + matrix[r][1] * point[1] + matrix[r][2] * point[2] + matrix[r][3],
  );
}

// Of an affine matrix: by cofactors, exact enough for any grid of a scanner.
function inverted(m) {
  const cofactor = (r, c) => {
    const [a, b] = [0, 1, 2].filter((i) => i !== r);
    const [d, e] = [0, 1, 2].filter((i) => i !== c);
    return ((r + c) % 2 ? -1 : 1) * (m[a][d] * m[b][e] - m[a][e] * m[b][d]);
  };
  const determinant = [0, 1, 2].reduce((sum, c) => sum + m[0][c] * cofactor(0, c), 0);
  const rows = [0, 1, 2].map((r) => [0, 1, 2].map((c) => cofactor(c, r) / determinant));
  return rows.map((row) => {
    const shift = -(row[0] * m[0][3] + row[1] * m[1][3] + row[2] * m[2][3]);
    return [...row, shift];
  });
}
