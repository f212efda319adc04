/** A table that scrolls by itself where the screen is narrow, by keyboard too. */
import type { ComponentChildren, JSX } from 'preact';

export function DataTable({
  label,
  columns,
  children,
}: {
  readonly label: string;
  /** What stands above each column. */
  readonly columns: readonly ComponentChildren[];
  /** The rows. */
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th scope="col" key={index}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
