import { render } from 'preact';
import { hasShare, takeShare } from './share/share.js';
import { SharedPage } from './share/shared-page.js';
import { watchNetwork } from './shell/connection.js';
import { followLinks } from './shell/router.js';
import { Shell } from './shell/shell.js';

function Page() {
  return hasShare.value ? <SharedPage /> : <Shell />;
}

takeShare();
window.addEventListener('hashchange', takeShare);
followLinks();
watchNetwork();
const page = document.getElementById('page');
if (page !== null) render(<Page />, page);
