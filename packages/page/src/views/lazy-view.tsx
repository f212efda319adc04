/** A view that is fetched by those who look at it, so that the first view is small. */
import type { ComponentType, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** @param load - is called once, and again after it failed */
export function lazyView<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): (props: Props) => JSX.Element {
  let Loaded: ComponentType<Props> | undefined;
  return (props) => {
    const [state, setState] = useState<'loading' | 'loaded' | 'failed'>('loading');
    useEffect(() => {
      load().then(
        (view) => {
          Loaded = view;
          setState('loaded');
        },
        () => setState('failed'),
      );
    }, []);
    if (Loaded) return <Loaded {...props} />;
    if (state === 'failed') return <p role="status">This view could not be loaded; try again later.</p>;
    return <p class="soft">Loading …</p>;
  };
}
