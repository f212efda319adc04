/** The whole page. The user's permission decides which views there are. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Address, Navigation } from '../address.js';
import { withBase } from '../base.js';
import { useFleet, type FleetState } from '../api/use-fleet.js';
import type { LiveConnection } from '../api/live-connection.js';
import { isAdmin, type PageState } from '../api/page-state.js';
import { useNow, useStore } from '../state-container.js';
import { STATUS_SHAPES, STATUS_LABELS, type DisplayStatus } from '../copy/headline.js';
import { FleetHeadline, FleetLine } from './fleet-headline.js';
import { FleetTab } from './fleet-tab.js';
import { Headline } from './headline.js';
import { lazyView } from './lazy-view.js';
import { Now } from './now.js';
import { PublicComponents } from './components.js';
import { RunbookUrl } from './runbook.js';
import { Tabs } from './tabs.js';
import { TimeZone } from './text.js';
import { useZone, ZoneSwitch } from './zone-switch.js';

const AlertsView = lazyView(async () => (await import('./alerts.js')).AlertsView);
const EventsView = lazyView(async () => (await import('./events.js')).EventsView);
const IncidentsView = lazyView(async () => (await import('./incidents.js')).IncidentsView);
const IncidentView = lazyView(async () => (await import('./incident.js')).IncidentView);
const IntegrityView = lazyView(async () => (await import('./integrity.js')).IntegrityView);
const SessionsView = lazyView(async () => (await import('./sessions.js')).SessionsView);
const ReportDialog = lazyView(async () => (await import('./report-dialog.js')).ReportDialog);
const SignInView = lazyView(async () => (await import('./sign-in.js')).SignInView);
const AuditView = lazyView(async () => (await import('./audit.js')).AuditView);

/** After this silence the connection counts as lost, although no request has failed: the stream beats every four seconds. */
const SILENT_MS = { stream: 7_000, polling: 10_000, resting: 180_000 };

export function Page({
  heading,
  connection,
  navigation,
}: {
  /** What the operator calls what is watched. */
  readonly heading: string;
  readonly connection: LiveConnection;
  readonly navigation: Navigation;
}): JSX.Element {
  const known = useStore(connection.state);
  const address = useStore(navigation.address);
  const { tab } = address;
  const nowMs = useNow();
  const silentMs = SILENT_MS[known.isResting ? 'resting' : isAdmin(known.who) ? 'stream' : 'polling'];
  const isLost = known.isLost || (known.heardMs !== null && nowMs - known.heardMs > silentMs);
  const status = displayStatusOf(known, isLost);
  const watched = useFleet(isAdmin(known.who));
  /** A fleet of one is that one, with a line above. */
  const hasMany = watched.fleet !== null && watched.fleet.services.length > 1;
  const isOfFleet = tab === '/fleet' || tab === '/' || tab === '/incidents';
  const fleet = isOfFleet && hasMany && !isLost ? watched.fleet : null;
  /** The service's clock, which dates everything it sends. It stops at the last answer. */
  const serviceMs = (isLost ? (known.heardMs ?? nowMs) : nowMs) + known.aheadMs;

  useEffect(() => {
    const shown = fleet?.status ?? status;
    document.title = `${STATUS_SHAPES[shown]} ${STATUS_LABELS[shown]} · ${heading}`;
  }, [fleet?.status, status, heading]);

  const { who } = known;
  const [zone, setZone] = useZone();
  return (
    <TimeZone.Provider value={zone}>
      <RunbookUrl.Provider value={typeof who === 'object' ? who.runbook_url : null}>
        <a class="skip" href="#content">
          Skip to content
        </a>
        <Top heading={heading} known={known} connection={connection} />
        <main
          id="content"
          tabIndex={-1}
          class={[isLost ? 'lost' : '', who === 'unknown' || isAdmin(who) ? 'long' : ''].join(' ')}
        >
          {fleet && <FleetHeadline fleet={fleet} nowMs={serviceMs} />}
          {(!fleet || status !== 'healthy') && (
            <Headline state={known} status={status} isLost={isLost} nowMs={nowMs} />
          )}
          {isAdmin(who) ? (
            <AdminViews
              address={address}
              known={known}
              watched={watched}
              hasMany={hasMany}
              navigation={navigation}
              nowMs={serviceMs}
            />
          ) : (
            <>
              {(who !== 'unknown' || known.status?.checked_at) && (
                <PublicComponents status={known.status} nowMs={serviceMs} />
              )}
              {who === 'nobody' && !(isLost && known.heardMs === null) && (
                <SignInView
                  connection={connection}
                  note={known.note}
                  areCodesDelivered={known.status?.codes_delivered ?? false}
                  isPossible={known.status?.database !== false}
                />
              )}
              {typeof who === 'object' && <p class="soft">Everything else is for administrators.</p>}
            </>
          )}
        </main>
        <footer>
          <ZoneSwitch zone={zone} onChange={setZone} />
          {isAdmin(who) && <ReportDialog report={known.snapshot?.report ?? null} />}
          <a href={withBase('/docs')}>API</a> <a href={withBase('/docs/errors')}>What every error means</a>
        </footer>
      </RunbookUrl.Provider>
    </TimeZone.Provider>
  );
}

function AdminViews({
  address: { tab, span, fleet: place, incident, filter },
  known,
  watched,
  hasMany,
  navigation,
  nowMs,
}: {
  readonly address: Address;
  readonly known: PageState;
  readonly watched: FleetState;
  readonly hasMany: boolean;
  readonly navigation: Navigation;
  readonly nowMs: number;
}): JSX.Element {
  const isFleet = tab === '/fleet' || (tab === '/' && hasMany);
  const now = <Now state={known} fleet={watched.fleet} span={span} navigation={navigation} nowMs={nowMs} />;
  return (
    <>
      <Tabs tab={tab} navigation={navigation} hasMany={hasMany} />
      {isFleet && (
        <FleetTab state={watched} place={place} navigation={navigation} nowMs={nowMs}>
          {now}
        </FleetTab>
      )}
      {tab === '/' && !hasMany && watched.fleet && <FleetLine fleet={watched.fleet} />}
      {(tab === '/now' || (tab === '/' && !hasMany && watched.isAsked)) && now}
      {tab === '/events' && (
        <EventsView
          known={known}
          fleet={watched.fleet}
          span={span}
          kind={filter.kind}
          navigation={navigation}
          nowMs={nowMs}
        />
      )}
      {tab === '/incidents' && incident === '' && (
        <IncidentsView filter={filter} navigation={navigation} nowMs={nowMs} />
      )}
      {tab === '/incidents' && incident !== '' && (
        <IncidentView key={incident} id={incident} navigation={navigation} nowMs={nowMs} />
      )}
      {tab === '/alerts' && <AlertsView fleet={watched.fleet} navigation={navigation} nowMs={nowMs} />}
      {tab === '/integrity' && <IntegrityView known={known} nowMs={nowMs} />}
      {tab === '/sessions' && <SessionsView nowMs={nowMs} />}
      {tab === '/audit' && <AuditView nowMs={nowMs} />}
    </>
  );
}

function Top({
  heading,
  known: { who, note },
  connection,
}: {
  readonly heading: string;
  readonly known: PageState;
  readonly connection: LiveConnection;
}): JSX.Element {
  return (
    <header class="top">
      <h1>{heading}</h1>
      {typeof who === 'object' && (
        <>
          <p>
            {who.username} <span class="soft">({who.permission_name})</span>{' '}
            <button type="button" onClick={() => void connection.signOut()}>
              Sign out
            </button>
          </p>
          <p role="status">{note}</p>
        </>
      )}
    </header>
  );
}

function displayStatusOf({ who, status, snapshot, isResting }: PageState, isLost: boolean): DisplayStatus {
  if (isLost) return 'unknown';
  const report = isAdmin(who) && !isResting ? snapshot?.report : null;
  return (report ?? status)?.status ?? 'unknown';
}
