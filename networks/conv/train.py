#!/usr/bin/env python3
"""Makes the weights of the conv network; writes weights.txt.

Run by hand (Debian: python3-sklearn); the build only reads the text file. The
filters are random; only the last layer is fitted, by least squares on what the
integer layers before it give. So nothing is lost by quantising them.

The network, in integers only, pixels 0 ... 16, weights of 8 bits, 3 x 3 filters
over images with a border of zeros:
    a[y][x][c] = clamp((sum_{dy,dx} w1[3 dy + dx][c] * pixel[y + dy - 1][x + dx - 1] + b1[c]) >> s1, 0, 127)
    p[y][x][c] = the largest of a's four at 2 y, 2 x                                             4 x 4 x 8
    h[y][x][d] = clamp((sum_{dy,dx,c} w2[8 (3 dy + dx) + c][d] * p[...][c] + b2[d]) >> s2, 0, 127)  4 x 4 x 32
    logit[i]   = sum_{y,x,d} w3[32 (4 y + x) + d][i] * h[y][x][d] + b3[i]
"""
import os

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split

HERE = os.path.dirname(os.path.abspath(__file__))
HELD_OUT = 360  # the split of networks/digits
CHANNELS = 8
FEATURES = 32


def patches(images):
    """The 3 x 3 surroundings of every place, side by side; images are [n][y][x][c]."""
    n, height, width, channels = images.shape
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    parts = [wide[:, dy:dy + height, dx:dx + width] for dy in range(3) for dx in range(3)]
    return np.stack(parts, axis=3).reshape(n, height, width, 9 * channels)


def shift_for(sums):
    """The smallest with which almost no value is cut off."""
    shift = 0
    while np.quantile(np.maximum(sums, 0), 0.999) / 2**shift > 127:
        shift += 1
    return shift


def filters(generator, rows, columns):
    values = generator.normal(size=(rows, columns))
    values -= values.mean(axis=0) * 0.7  # mostly edges
    return np.round(values / np.abs(values).max() * 127).astype(np.int64)


def features(images, w1, b1, s1, w2, b2, s2):
    a = np.clip((patches(images) @ w1 + b1) >> s1, 0, 127)
    n = len(images)
    p = a.reshape(n, 4, 2, 4, 2, CHANNELS).max(axis=(2, 4))
    return np.clip((patches(p) @ w2 + b2) >> s2, 0, 127).reshape(n, -1)


def rows(name, matrix):
    matrix = np.atleast_2d(matrix)
    lines = [f"{name} {matrix.shape[0]} {matrix.shape[1]}"]
    lines += [" ".join(str(v) for v in row) for row in matrix]
    return "\n".join(lines) + "\n"


def main():
    data = load_digits()
    images = data.images.astype(np.int64)[..., None]
    train, held, train_label, held_label = train_test_split(
        images, data.target, test_size=HELD_OUT, stratify=data.target, random_state=8)
    generator = np.random.default_rng(8)
    w1 = filters(generator, 9, CHANNELS)
    b1 = generator.integers(-300, 300, CHANNELS)
    s1 = shift_for(patches(train) @ w1 + b1)
    w2 = filters(generator, 9 * CHANNELS, FEATURES)
    b2 = generator.integers(-2000, 2000, FEATURES)
    first = np.clip((patches(train) @ w1 + b1) >> s1, 0, 127)
    pooled = first.reshape(len(train), 4, 2, 4, 2, CHANNELS).max(axis=(2, 4))
    s2 = shift_for(patches(pooled) @ w2 + b2)
    parts = (w1, b1, s1, w2, b2, s2)
    fitted = Ridge(alpha=2e4).fit(features(train, *parts), np.eye(10)[train_label])
    scale = np.abs(fitted.coef_).max() / 127
    w3 = np.round(fitted.coef_.T / scale).astype(np.int64)
    b3 = np.round(fitted.intercept_ / scale).astype(np.int64)
    right = ((features(held, *parts) @ w3 + b3).argmax(axis=1) == held_label).mean()
    print(f"held out: float {(fitted.predict(features(held, *parts)).argmax(axis=1) == held_label).mean():.4f}, "
          f"integers {right:.4f}, shifts {s1} {s2}")
    with open(os.path.join(HERE, "weights.txt"), "w") as out:
        out.write("# Written by train.py. name rows columns, then the rows.\n")
        for name, matrix in (("w1", w1), ("b1", b1), ("s1", s1), ("w2", w2), ("b2", b2), ("s2", s2), ("w3", w3),
                             ("b3", b3)):
            out.write(rows(name, matrix))


if __name__ == "__main__":
    main()
