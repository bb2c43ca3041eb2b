"""A robot arm of three parts: the angles that reach a point, by Gauss-Newton with exact Jacobians."""

import numpy as np

import autograd_core as ag

LENGTHS = np.array([1.0, 0.8, 0.5])


def hand(angles):
    turns = np.cumsum(angles)
    return np.stack([np.sum(LENGTHS * np.cos(turns)), np.sum(LENGTHS * np.sin(turns))])


def reach(target, angles):
    for _ in range(30):
        J = ag.jacobian(hand)(angles)
        angles = angles + np.linalg.pinv(J) @ (target - hand(angles))
    return angles


def main():
    targets = np.array([[1.2, 0.9], [-0.5, 1.5], [0.3, -1.1]])
    found = ag.vmap(reach, in_axes=(0, None))(targets, np.array([0.3, 0.4, 0.5]))
    assert np.abs(np.stack([hand(a) for a in found]) - targets).max() < 1e-9
    print("angles\n", found.round(3))


if __name__ == "__main__":
    main()
