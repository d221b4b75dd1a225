/** The key under which the browser stores the paths of submitted jobs between visits. */
const KEY = 'vts-sample-jobs';
const ENDED = new Set(['succeeded', 'failed', 'cancelled']);

const template = document.querySelector('template').content.firstElementChild;
const list = document.querySelector('#jobs');
const problem = document.querySelector('#problem');

const known = () => JSON.parse(localStorage.getItem(KEY) ?? '[]');
const keep = (jobs) => localStorage.setItem(KEY, JSON.stringify(jobs));

document.querySelector('#story').addEventListener('submit', (event) => {
  event.preventDefault();
  const fields = new FormData(event.target);
  const body = JSON.stringify({ text: fields.get('text'), nWords: Number(fields.get('nWords')) });
  void submit('story', 'application/json', body, `${fields.get('nWords')} words`);
});

document.querySelector('#mask').addEventListener('submit', (event) => {
  event.preventDefault();
  const picture = new FormData(event.target).get('picture');
  void submit('mask', picture.type, picture, picture.name);
});

/** The key makes the request safe to repeat: a repeated request gets the same job. */
async function submit(route, type, body, title) {
  problem.textContent = '';
  try {
    const response = await fetch(`${route}/jobs`, {
      method: 'POST',
      headers: { 'content-type': type, 'idempotency-key': crypto.randomUUID() },
      body,
    });
    if (!response.ok) throw new Error((await response.json()).message);
    const job = { path: response.headers.get('location'), title };
    keep([...known(), job]);
    follow(job);
  } catch (error) {
    problem.textContent = error.message;
  }
}

/** Shows a job and its changes until it has ended. */
function follow({ path, title }) {
  const card = template.cloneNode(true);
  const find = (selector) => card.querySelector(selector);
  find('h2').textContent = title;
  list.prepend(card);
  const events = new EventSource(`${path}/events`);
  const forget = () => {
    events.close();
    keep(known().filter((job) => job.path !== path));
    card.remove();
  };
  find('.forget').addEventListener('click', forget);
  find('.cancel').addEventListener('click', () => void fetch(path, { method: 'DELETE' }));

  const update = (job) => {
    find('.state').textContent = job.state;
    if (job.progress > 0) find('progress').value = job.progress;
    if (!ENDED.has(job.state)) return;
    events.close();
    find('progress').hidden = true;
    find('.cancel').hidden = true;
    find('.forget').hidden = false;
    if (job.state === 'failed') find('.result').textContent = job.error.message;
    if (job.state === 'succeeded') void show(path, find('.result'));
  };
  events.addEventListener('message', ({ data }) => update(JSON.parse(data)));
  events.addEventListener('error', () => {
    // The browser reconnects by itself, unless the answer was an error. The page removes only a job
    // that no longer exists, because the page may be closing, or the service may be unavailable for
    // a while.
    if (events.readyState !== EventSource.CLOSED) return;
    void fetch(path).then(async (response) => {
      if (response.status === 404) forget();
      else if (response.ok) update(await response.json());
    });
  });
}

/** The result is the answer that the endpoint itself would give. */
async function show(path, place) {
  const response = await fetch(`${path}/result`);
  const type = response.headers.get('content-type');
  if (type.startsWith('image/')) {
    const picture = document.createElement('img');
    picture.src = URL.createObjectURL(await response.blob());
    picture.alt = 'The result';
    place.append(picture);
  } else {
    const text = document.createElement('pre');
    text.tabIndex = 0;
    text.textContent = await response.text();
    place.append(text);
  }
}

for (const job of known()) follow(job);
