"""What scikit-learn's neighbours and logistic regression say of vectors in clusters.

    python probes.py        (scikit-learn 1.7 or later)

Writes probes.json beside this file.
"""
import json, pathlib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

r = np.random.default_rng(4)
labels = np.array(["aigua", "clima", "energia", "salut"])
centres = r.normal(size=(4, 6))
def draw(n, kinds):
    y = r.integers(0, kinds, n)
    return (centres[y] + r.normal(size=(n, 6)) * 0.9).astype(np.float32), labels[y]
out = {}
for name, kinds in ("four", 4), ("two", 2):
    x, y = draw(120, kinds); test, _ = draw(80, kinds)
    test[0] = x[3]; test[1] = x[3]; x[5] = x[3] * 2  # the same direction as a known vector
    case = {"x": x.tolist(), "y": y.tolist(), "test": test.tolist(), "neighbours": {}}
    for k in (1, 4, 15):
        for weights in ("uniform", "distance"):
            case["neighbours"][f"{k} {weights}"] = KNeighborsClassifier(k, weights=weights, metric="cosine").fit(x, y).predict(test).tolist()
    case["logistic"] = {}
    for c in (0.1, 1, 100):
        m = LogisticRegression(C=c, tol=1e-12, max_iter=100000).fit(x.astype(np.float64), y)
        case["logistic"][str(c)] = {"weights": m.coef_.tolist(), "biases": m.intercept_.tolist(), "told": m.predict(test.astype(np.float64)).tolist()}
    out[name] = case
json.dump(out, open(pathlib.Path(__file__).parent / "probes.json", "w"))
