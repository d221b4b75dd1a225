import { useState } from 'preact/hooks';
import { Icon, type IconName } from './icon.js';

interface Properties {
  readonly text: () => string;
  readonly label: string;
  readonly icon?: IconName;
  readonly disabled?: boolean;
  readonly title?: string;
}

/** Copies a text, and shows that on the button. */
export function CopyButton({ text, label, icon = 'copy', disabled = false, title }: Properties) {
  const [said, setSaid] = useState<string>();
  const copy = () => {
    const say = (word: string) => {
      setSaid(word);
      setTimeout(() => setSaid(undefined), 2000);
    };
    copyText(text()).then(
      () => say('Copied'),
      () => say('Not allowed'),
    );
  };
  return (
    <button type="button" class="quiet" disabled={disabled} title={title} onClick={copy}>
      <Icon name={said === 'Copied' ? 'check' : icon} />
      <span aria-live="polite">{said ?? label}</span>
    </button>
  );
}

async function copyText(text: string): Promise<void> {
  // Browsers have a clipboard on https and localhost only.
  if ('clipboard' in navigator) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('refused');
}
