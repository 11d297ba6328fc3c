"""Solutions and ratings for tests."""

from __future__ import annotations

from evo_pairs import DOUBLE
from evo_teacher import GOOD

from evoselfcode.config import Config
from evoselfcode.datagen.rows import Files, Problem, Rating, Scores, Skeleton, Solution
from evoselfcode.pairs import parse_function
from evoselfcode.store import replace_rows


def solution_of(name: str, description: str = "Double each number.") -> Solution:
    pair = parse_function(DOUBLE.replace("double", name).replace("Double each number.", description))
    problem = Problem.of(reply="0", name=name, title=name, description=description)
    return Solution.of(Skeleton.of(problem, reply="0", header=pair.header, docstring=pair.description, preamble=""),
                       pair, reply="0")


def rating_of(solution: Solution, number: int = 0, **scores: int) -> Rating:
    return Rating(id=f"{solution.id}{number}", solution=solution.id, scores=Scores(**{**GOOD, **scores}), rater="r")


def put(config: Config, solutions: list[Solution], ratings: list[Rating]) -> None:
    replace_rows(Files(config.paths).solutions, solutions)
    replace_rows(Files(config.paths).ratings, ratings)
