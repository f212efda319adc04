/** Signing in with a code that comes another way; who has one already goes on at once. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { postJson, TURN_MS } from '../api/request.js';
import type { LiveConnection } from '../api/live-connection.js';

export interface SignInProps {
  readonly connection: LiveConnection;
  /** Why the reader is here. */
  readonly note: string | null;
  /** Whether whoever asks for a code is sent one; where that is not known it is not offered. */
  readonly areCodesDelivered: boolean;
}

export function SignInView({ connection: following, note, areCodesDelivered }: SignInProps): JSX.Element {
  const [said, setSaid] = useState<string | null>(note);
  const [isBusy, setBusy] = useState(false);
  const submit = async (
    event: SubmitEvent,
    work: (text: string) => Promise<string | null>,
  ): Promise<void> => {
    event.preventDefault();
    const field = (event.target as HTMLFormElement).querySelector('input');
    setBusy(true);
    setSaid(await work(field?.value.trim() ?? ''));
    setBusy(false);
  };
  const request = async (username: string): Promise<string> => {
    const { body, error } = await postJson<{ readonly message: string }>(
      '/v1/authentication/request',
      { username },
      TURN_MS,
    );
    return body?.message ?? error ?? 'The service cannot be reached.';
  };
  return (
    <section class="sign-in" aria-labelledby="sign-in">
      <h2 id="sign-in">Sign in</h2>
      <p role="status">{said}</p>
      {areCodesDelivered ? (
        // By their keys neither becomes the other when this is known.
        <form key="request" onSubmit={(event) => void submit(event, request)}>
          <label>
            User name
            <input
              name="username"
              autoComplete="username"
              autoCapitalize="none"
              spellcheck={false}
              required
            />
          </label>
          <button type="submit" disabled={isBusy}>
            Send me a code
          </button>
        </form>
      ) : (
        <p>Ask whoever runs this service for a code.</p>
      )}
      <form key="code" onSubmit={(event) => void submit(event, (text) => following.signIn(text))}>
        <label>
          Code
          <input name="code" autoComplete="one-time-code" autoCapitalize="none" spellcheck={false} required />
        </label>
        <button type="submit" disabled={isBusy}>
          Sign in
        </button>
      </form>
      <p class="soft">
        Whoever runs the service gets one by <code>portal login-code create --user NAME</code>
      </p>
    </section>
  );
}
