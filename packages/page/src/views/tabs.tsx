/** Links from view to view, so that each can be opened in a tab of its own and the browser's history works. */
import type { JSX } from 'preact';
import { TABS, writeAddress, type Navigation, type Tab } from '../address.js';

export function Tabs({
  tab,
  navigation,
}: {
  readonly tab: Tab;
  readonly navigation: Navigation;
}): JSX.Element {
  return (
    <nav aria-label="Views" class="tabs">
      {(Object.keys(TABS) as Tab[]).map((one) => (
        <Link key={one} tab={one} isHere={one === tab} navigation={navigation} />
      ))}
    </nav>
  );
}

function Link({
  tab,
  isHere,
  navigation,
}: {
  readonly tab: Tab;
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
        navigation.go({ tab });
      }}
    >
      {TABS[tab]}
    </a>
  );
}
