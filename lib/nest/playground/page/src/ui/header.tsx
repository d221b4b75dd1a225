import { useState } from 'preact/hooks';
import icon from '../icon.svg';
import { readCredentials } from '../state/credentials.js';
import { chooseTheme, currentTheme } from '../state/theme.js';
import { Icon } from './icon.js';

interface Properties {
  readonly version: string | undefined;
  readonly onKey: () => void;
}

export function Header({ version, onKey }: Properties) {
  const [theme, setTheme] = useState(currentTheme);
  const other = theme === 'dark' ? 'light' : 'dark';
  const toggle = () => {
    chooseTheme(other);
    setTheme(other);
  };
  const signedIn = readCredentials() !== undefined;
  return (
    <header class="top">
      <p class="brand">
        <img src={icon} alt="" width="24" height="24" />
        <span>Playground</span>
        {version !== undefined && <small>nestjs-vts {version}</small>}
      </p>
      <button type="button" class="quiet" onClick={onKey}>
        <Icon name="key" />
        <span>{signedIn ? 'API key set' : 'API key'}</span>
      </button>
      <button
        type="button"
        class="quiet square"
        aria-label={`Switch to the ${other} theme`}
        onClick={toggle}
      >
        <Icon name={other === 'dark' ? 'moon' : 'sun'} />
      </button>
    </header>
  );
}
