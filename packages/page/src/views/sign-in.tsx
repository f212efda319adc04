/** Signing in with a one-time code, which arrives another way. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { postJson, QUEUED_TIMEOUT_MS } from '../api/request.js';
import type { LiveConnection } from '../api/live-connection.js';
import { Sentence } from './text.js';

export interface SignInProps {
  readonly connection: LiveConnection;
  /** Why the user has to sign in. */
  readonly note: string | null;
  /** Whether the service sends codes; while that is unknown the form is not shown. */
  readonly areCodesDelivered: boolean;
  /** Whether anybody can sign in at all: users, codes and sessions are in the database. */
  readonly isPossible: boolean;
}

export function SignInView(props: SignInProps): JSX.Element {
  return (
    <section class="sign-in" aria-labelledby="sign-in">
      <h2 id="sign-in">Sign in</h2>
      {props.isPossible ? <Forms {...props} /> : <NoWayIn note={props.note} />}
    </section>
  );
}

/** Forms that must fail are not offered; what still works is. */
function NoWayIn({ note }: { readonly note: string | null }): JSX.Element {
  return (
    <>
      <p role="status">{note}</p>
      <p>
        Nobody can sign in while the database does not answer; whoever is signed in already stays so. On the
        machine of the service <Sentence text="`portal doctor`" /> asks both stores and names the cause.
      </p>
    </>
  );
}

function Forms({ connection, note, areCodesDelivered }: SignInProps): JSX.Element {
  const [message, setMessage] = useState<string | null>(note);
  const [isBusy, setBusy] = useState(false);
  const submit = async (
    event: SubmitEvent,
    work: (text: string) => Promise<string | null>,
  ): Promise<void> => {
    event.preventDefault();
    const field = (event.target as HTMLFormElement).querySelector('input');
    setBusy(true);
    setMessage(await work(field?.value.trim() ?? ''));
    setBusy(false);
  };
  const request = async (username: string): Promise<string> => {
    const { body, error } = await postJson('/v1/authentication/request', { username }, QUEUED_TIMEOUT_MS);
    return body?.message ?? error ?? 'The service cannot be reached.';
  };
  return (
    <>
      <p role="status">{message}</p>
      {areCodesDelivered ? (
        // Keys, so that Preact does not turn one form into the other.
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
        <p>Ask the operator of this service for a code.</p>
      )}
      <form key="code" onSubmit={(event) => void submit(event, (text) => connection.signIn(text))}>
        <label>
          Code
          <input name="code" autoComplete="one-time-code" autoCapitalize="none" spellcheck={false} required />
        </label>
        <button type="submit" disabled={isBusy}>
          Sign in
        </button>
      </form>
      <p class="soft">
        The operator creates one with <Sentence text="`portal login-code create --user NAME`" />
      </p>
    </>
  );
}
