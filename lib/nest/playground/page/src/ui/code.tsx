import { useState } from 'preact/hooks';
import type { Call } from '../calls/call.js';
import { snippetOf, type Language } from '../calls/snippets.js';
import { CopyButton } from './copy-button.js';

const LANGUAGES: readonly Language[] = ['curl', 'TypeScript', 'Python'];

/** The call of the form's input as code. */
export function Code({ call }: { readonly call: Call }) {
  const [language, setLanguage] = useState<Language>('curl');
  const code = snippetOf(call, language);
  return (
    <section class="code" aria-labelledby="code-title">
      <div class="bar">
        <h2 id="code-title">The same call as code</h2>
        <div class="tabs" role="group" aria-label="Language">
          {LANGUAGES.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={name === language}
              onClick={() => setLanguage(name)}
            >
              {name}
            </button>
          ))}
        </div>
        <CopyButton label="Copy" text={() => code} />
      </div>
      <pre tabIndex={0} role="region" aria-label={`The call in ${language}`}>
        <code>{code}</code>
      </pre>
    </section>
  );
}
