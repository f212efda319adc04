/** The page begins here: takes a code out of the address before anything else can see it, and draws what the document says. */
import { render } from 'preact';
import type { PublicStatusDocument } from 'portal-server/api';
import { createNavigation } from './address.js';
import { withBase } from './base.js';
import { connect } from './api/live-connection.js';
import { Page } from './views/app.js';

const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1] ?? null;
if (code !== null) history.replaceState(null, '', location.pathname + location.search);

// Absent where the page is not served by TLS or by this machine; without it a reload needs the service.
void navigator.serviceWorker?.register(withBase('/sw.js')).catch(() => undefined);

const root = document.getElementById('page');
if (root) {
  // As the service has written it; from now on the title says the status, too.
  const heading = document.title;
  const status = JSON.parse(root.dataset['status'] ?? 'null') as PublicStatusDocument | null;
  // Within one frame, so that it looks as if the page had taken over what stood there.
  root.replaceChildren();
  render(<Page heading={heading} connection={connect(code, status)} navigation={createNavigation()} />, root);
}
