/** The fleet, a service of it, or one instance: whatever the address says. */
import type { ComponentChildren, JSX } from 'preact';
import type { FleetOverviewProps } from './fleet.js';
import { lazyView } from './lazy-view.js';

const FleetOverview = lazyView(async () => (await import('./fleet.js')).FleetOverview);
const FleetInstanceView = lazyView(async () => (await import('./fleet-instance.js')).FleetInstanceView);
const FleetPast = lazyView(async () => (await import('./fleet-past.js')).FleetPast);
const HealthyTime = lazyView(async () => (await import('./healthy-time.js')).HealthyTimeSection);
const FleetServiceView = lazyView(async () => (await import('./fleet-service.js')).FleetServiceView);

export function FleetTab({
  children,
  ...props
}: FleetOverviewProps & {
  /** What is known of this service, for where it is the instance that is looked at. */
  readonly children: ComponentChildren;
}): JSX.Element {
  const { service, instance } = props.place;
  if (service === '') return <FleetOverview {...props} />;
  if (instance === '') {
    return (
      <>
        <FleetServiceView key={service} {...props} />
        <HealthyTime
          key={`time ${service}`}
          service={service}
          navigation={props.navigation}
          nowMs={props.nowMs}
        />
        <FleetPast
          key={`past ${service}`}
          service={service}
          fleet={props.state.fleet}
          navigation={props.navigation}
          nowMs={props.nowMs}
        />
      </>
    );
  }
  return (
    <FleetInstanceView key={`${service} ${instance}`} {...props}>
      {children}
    </FleetInstanceView>
  );
}
