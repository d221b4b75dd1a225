"""Answers the questions of program.ts: one JSON text a line."""

import json
import sys


def answer_questions(answer):
    for line in sys.stdin:
        try:
            reply = {"answer": answer(json.loads(line))}
        except Exception as error:
            reply = {"error": repr(error)}
        print(json.dumps(reply, separators=(",", ":")), flush=True)
