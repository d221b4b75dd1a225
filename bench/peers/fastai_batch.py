"""Rows of a Parquet file by fastai itself. { file, table } gives seconds of test_dl and get_preds, and MiB."""

import resource
import warnings
from time import perf_counter

from answer import answer_questions

warnings.filterwarnings("ignore")


def answer(question):
    import pandas as pd
    from fastai.tabular.all import load_learner

    learn = load_learner(question["file"])
    frame = pd.read_parquet(question["table"])
    start = perf_counter()
    with learn.no_bar():
        learn.get_preds(dl=learn.dls.test_dl(frame))
    seconds = perf_counter() - start
    return {"seconds": seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


answer_questions(answer)
