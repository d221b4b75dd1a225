import { render } from 'preact';
import { App } from './app.js';
import { applyTheme } from './state/theme.js';

applyTheme();
const page = document.getElementById('page');
if (page) render(<App />, page);
