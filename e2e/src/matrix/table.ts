/** The table in which everybody looks who waits for a lock in a scenario. */
export const TABLE = 'orders_of_others';
