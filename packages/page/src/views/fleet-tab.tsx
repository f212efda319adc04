/** The fleet, a service of it, or one instance: whatever the address says. */
import type { ComponentChildren, JSX } from 'preact';
import { FleetInstanceView } from './fleet-instance.js';
import { FleetPast } from './fleet-past.js';
import { FleetServiceView } from './fleet-service.js';
import { FleetOverview, type FleetOverviewProps } from './fleet.js';

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
        <FleetPast key={`past ${service}`} service={service} nowMs={props.nowMs} />
      </>
    );
  }
  return (
    <FleetInstanceView key={`${service} ${instance}`} {...props}>
      {children}
    </FleetInstanceView>
  );
}
