/**
 * What is asked for before anything else is loaded. An entry of its own beside the module: two entries that need each other
 * would be a circle in what is published.
 */
export { followScripts, type CompiledScripts, type FollowedScripts } from './loaded/follow.js';
