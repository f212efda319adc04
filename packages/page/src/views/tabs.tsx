/** Links from view to view, so that each can be opened in a tab of its own and the browser's history works. */
import type { JSX } from 'preact';
import { ALL_INCIDENTS, TABS, WHOLE_FLEET, writeAddress, type Navigation, type Tab } from '../address.js';

export function Tabs({
  tab,
  navigation,
  hasMany,
}: {
  readonly tab: Tab;
  readonly navigation: Navigation;
  /** Whether more than this service is watched: then the page opens on the fleet. */
  readonly hasMany: boolean;
}): JSX.Element {
  /** Two addresses of one view: the page opens on it, and it has its own. */
  const doubled: Tab = hasMany ? '/fleet' : '/now';
  return (
    <nav aria-label="Views" class="tabs">
      {(Object.keys(TABS) as Tab[])
        .filter((one) => one !== doubled)
        .map((one) => (
          <Link
            key={one}
            tab={one}
            label={one === '/' && hasMany ? TABS['/fleet'] : TABS[one]}
            isHere={one === (tab === doubled ? '/' : tab)}
            navigation={navigation}
          />
        ))}
    </nav>
  );
}

function Link({
  tab,
  label,
  isHere,
  navigation,
}: {
  readonly tab: Tab;
  readonly label: string;
  readonly isHere: boolean;
  readonly navigation: Navigation;
}): JSX.Element {
  const { span } = navigation.address.get();
  return (
    <a
      href={writeAddress({ tab, span })}
      aria-current={isHere ? 'page' : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        navigation.go({ tab, fleet: WHOLE_FLEET, incident: '', filter: ALL_INCIDENTS });
      }}
    >
      {label}
    </a>
  );
}
