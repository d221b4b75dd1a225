export type Theme = 'light' | 'dark';

const KEY = 'vts-theme';

/** The user's earlier choice; undefined to follow the system. */
function keptTheme(): Theme | undefined {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === 'light' || theme === 'dark' ? theme : undefined;
  } catch {
    // Storage is off in some private windows.
    return undefined;
  }
}

export function currentTheme(): Theme {
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  return keptTheme() ?? system;
}

export function applyTheme(): void {
  const kept = keptTheme();
  if (kept) document.documentElement.dataset['theme'] = kept;
}

export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The choice then applies only to this page.
  }
}
