#!/usr/bin/env python3
"""Trains and quantises the digits network; writes weights.txt and held-out.txt.

Run by hand (Debian: python3-sklearn); the build only reads the text files.

The network, in integers only:
    hidden[j] = clamp((sum_k w1[k][j] * pixel[k] + b1[j]) >> shift, 0, 127)
    logit[i]  = sum_j w2[j][i] * hidden[j] + b2[i]
with pixels 0 ... 16 and weights of 8 bits. The answer is the largest logit.
"""
import os

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

HERE = os.path.dirname(os.path.abspath(__file__))
HIDDEN = 64
HELD_OUT = 360


def quantised(model, train):
    w1, w2 = model.coefs_
    b1, b2 = model.intercepts_
    s1 = np.abs(w1).max() / 127
    q1 = np.round(w1 / s1).astype(np.int64)
    c1 = np.round(b1 / s1).astype(np.int64)
    # The smallest shift with which almost no hidden value is cut off.
    sums = np.maximum(train @ q1 + c1, 0)
    shift = 0
    while np.quantile(sums, 0.9995) / 2**shift > 127:
        shift += 1
    s2 = np.abs(w2).max() / 127
    q2 = np.round(w2 / s2).astype(np.int64)
    # A hidden value stands for the middle of the range that the shift maps to it.
    c2 = np.round(b2 / (s2 * s1 * 2**shift) + q2.sum(axis=0) * 0.5).astype(np.int64)
    return q1, c1, shift, q2, c2


def logits(pixels, q1, c1, shift, q2, c2):
    hidden = np.clip((pixels @ q1 + c1) >> shift, 0, 127)
    return hidden @ q2 + c2


def rows(name, matrix):
    matrix = np.atleast_2d(matrix)
    lines = [f"{name} {matrix.shape[0]} {matrix.shape[1]}"]
    lines += [" ".join(str(v) for v in row) for row in matrix]
    return "\n".join(lines) + "\n"


def main():
    data = load_digits()
    pixels = data.images.reshape(-1, 64).astype(np.int64)
    train, held, train_label, held_label = train_test_split(
        pixels, data.target, test_size=HELD_OUT, stratify=data.target, random_state=8)
    model = MLPClassifier((HIDDEN,), alpha=0.3, max_iter=600, random_state=8, learning_rate_init=0.002)
    model.fit(train, train_label)
    parts = quantised(model, train)
    right = (logits(held, *parts).argmax(axis=1) == held_label).mean()
    print(f"held out: float {model.score(held, held_label):.4f}, integers {right:.4f}")
    q1, c1, shift, q2, c2 = parts
    with open(os.path.join(HERE, "weights.txt"), "w") as out:
        out.write("# Written by train.py. name rows columns, then the rows.\n")
        out.write(rows("w1", q1) + rows("b1", c1) + rows("shift", np.array([[shift]])) + rows("w2", q2) + rows("b2", c2))
    with open(os.path.join(HERE, "held-out.txt"), "w") as out:
        out.write("# Written by train.py: digits that the network was not trained on. label, then 8 x 8 pixels.\n")
        for label, image in zip(held_label, held):
            out.write(f"{label} " + " ".join(str(v) for v in image) + "\n")


if __name__ == "__main__":
    main()
