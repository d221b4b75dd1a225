"""Calls the samples by the clients that openapi-generator made of their documents."""

import json
import sys
from email import message_from_bytes
from pathlib import Path

import client_fastai_sentiment as sentiment
import client_language_model as reviews
import client_served as served
import client_tabular as income
import client_vision as shapes

GENERATOR, SENTIMENT, INCOME, SHAPES, REVIEWS, SERVED = sys.argv[1:]
PERSON = dict(age=48, hours=40, gain=0, years=9, workclass='Private', education='Bachelors', sex='F', is_married=True)


def api(module, of, url):
    return of(module.ApiClient(module.Configuration(host=url)))


classifier = api(sentiment, sentiment.SentimentApi, SENTIMENT)
scores = classifier.classify_text('I really liked that movie!')
assert all(isinstance(score, float) for score in scores) and scores[1] > 0.5, scores
print('probabilities:', scores)

rater = api(income, income.IncomeApi, INCOME)
person = income.ScoreRequestInner(**PERSON)
if [int(part) for part in GENERATOR.split('.')] < [7, 23]:
    # A number of a row may overflow float32, and the answer is null then.
    print('rows: left out, as clients of generators before 7.23 read no numbers that may be null')
else:
    rows = rater.score([person, person])
    assert len(rows) == 2 and abs(sum(rows[0]) - 1) < 1e-4, rows
    print('rows:', rows)
explained = rater.explain([person])
print('row:', explained)

picture = Path('sample/04-vision/pictures/circle.jpg').read_bytes()
viewer = api(shapes, shapes.ShapesApi, SHAPES)
assert viewer.name(picture) == 'circle'
assert viewer.mask(picture)[1:4] == b'PNG'
shares = viewer.classify(picture)
assert len(shares) == 3 and shares[0] > 0.5, shares
# A form that comes back is bytes, which Python reads as it reads mails.
answer = viewer.compare_with_http_info(before=('a.jpg', picture), after=('b.jpg', picture), note='both')
form = message_from_bytes(b'content-type: ' + answer.headers['content-type'].encode() + b'\r\n\r\n' + answer.data)
parts = {part.get_param('name', header='content-disposition'): part.get_payload(decode=True) for part in form.get_payload()}
assert parts['verdict'] == b'both: still a circle' and parts['original'] == picture, parts['verdict']
print('shape:', shares)

writer = api(reviews, reviews.ReviewsApi, REVIEWS)
wanted = reviews.GenerateDto(text='I really liked', n_words=3, seed=1)
text = writer.continue_text(wanted)
assert text.lower().startswith('i really liked'), text
print('text:', text)
vector = writer.encode_text('I really liked that movie!')
assert all(isinstance(number, float) for number in vector)
try:
    writer.continue_text(reviews.GenerateDto.model_construct(text='a', n_words=1000))
    raise AssertionError('1000 words were not refused')
except reviews.ApiException as refused:
    error = reviews.ApiError.from_json(refused.body)
    assert refused.status == error.status_code == 400 and 'nWords' in error.message, refused.body
    print('error:', error.message)

health = api(sentiment, sentiment.InfrastructureApi, SENTIMENT).healthz()
assert health.status == 'ok' and all(runner.ready > 0 for runner in health.details.values())
print('health:', json.dumps({name: runner.tag for name, runner in health.details.items()}))

models = api(served, served.ServedApi, SERVED)
said = models.predict_text('I really liked that movie!')
assert said.prediction == 'pos' and said.classes[said.target] == 'pos' and said.probabilities[1] > 0.5, said
words = models.explain_text('I really liked that movie!')
assert any(part.name == 'liked' and isinstance(part.weight, float) for part in words.parts), words
row = served.PredictRowsRequest(served.Row(**PERSON))
one = models.predict_rows(row).actual_instance
assert one.prediction in one.classes and one.decoded['workclass'].actual_instance == 'Private', one
both = models.predict_rows(served.PredictRowsRequest([served.Row(**PERSON)] * 2)).actual_instance
assert [each.prediction for each in both.predictions] == [one.prediction] * 2, both
assert models.predict_picture(picture).prediction == 'circle'
mask = models.predict_mask(picture)
assert abs(sum(mask.shares) - 1) < 1e-6 and mask.prediction.png, mask
wanted = served.Generation(text='I really liked', n_words=3, seed=1)
assert models.predict_words(wanted).prediction.lower().startswith('i really liked')
print('served:', said.prediction, one.prediction, mask.classes)
