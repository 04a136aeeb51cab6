import { render } from 'preact';
import { watchNetwork } from './shell/connection.js';
import { followLinks } from './shell/router.js';
import { Shell } from './shell/shell.js';

followLinks();
watchNetwork();
const page = document.getElementById('page');
if (page !== null) render(<Shell />, page);
