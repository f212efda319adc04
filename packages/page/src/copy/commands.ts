/** Which code in an advice is to be typed somewhere, and not the name of something. Pure. */

/** A program with what it is given, or a statement for a store, which is written in capitals. */
const COMMAND = /^(?:portal|redis-cli|psql|ulimit|[A-Z]{3,})\s/;

export function isCommand(code: string): boolean {
  return COMMAND.test(code);
}
