"""A learner by fastai itself. { file } gives ms of the import and of load_learner, which imports what the file names."""

import warnings
from time import perf_counter

from answer import answer_questions

warnings.filterwarnings("ignore")


def answer(question):
    start = perf_counter()
    from fastai.learner import load_learner

    imported = perf_counter()
    load_learner(question["file"])
    return {"load": (perf_counter() - imported) * 1000, "import": (imported - start) * 1000}


answer_questions(answer)
