interface Properties {
  readonly tokens: readonly string[];
}

/** How many tokens are shown; for longer texts, the rest is counted. */
const MOST = 1000;

/** A text as the model sees it. */
export function Tokens({ tokens }: Properties) {
  return (
    <section class="seen">
      <h3>What the model saw</h3>
      <p class="tokens">
        {tokens.slice(0, MOST).map((token, at) => (
          <span key={at} class={classOf(token)} title={meaningOf(token)}>
            {token}
          </span>
        ))}
      </p>
      <p class="note">
        {tokens.length} tokens{tokens.length > MOST && `, the first ${MOST} are shown`}
        {tokens.includes(UNKNOWN) && '. xxunk stands for a word that the vocabulary lacks'}
      </p>
    </section>
  );
}

const UNKNOWN = 'xxunk';

/** fastai's own tokens. */
const MEANINGS: Readonly<Record<string, string>> = {
  xxbos: 'the text begins',
  xxeos: 'the text ends',
  xxpad: 'padding',
  xxunk: 'a word that the vocabulary lacks',
  xxmaj: 'the next word begins with a capital',
  xxup: 'the next word is in capitals',
  xxrep: 'the next character is repeated',
  xxwrep: 'the next word is repeated',
  xxfld: 'a field begins',
};

function meaningOf(token: string): string | undefined {
  return Object.hasOwn(MEANINGS, token) ? MEANINGS[token] : undefined;
}

function classOf(token: string): string {
  if (token === UNKNOWN) return 'token unknown';
  return meaningOf(token) === undefined ? 'token' : 'token special';
}
