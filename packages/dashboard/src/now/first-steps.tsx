import { CopyText } from '../parts/copy.js';
import { addressOf } from '../shell/addresses.js';

/** The first steps, shown before anything is counted. @param ads number of ads in the catalogue */
export function FirstSteps({ ads }: { readonly ads: number }) {
  const { origin } = location;
  const click = `curl -X POST ${origin}/api/v1/ads/click -H 'Content-Type: application/json' -d '{"ad_id":"ad-001"}'`;
  const pixel = `<img src="${origin}/t/impression?ad_id=ad-001&cb=[CACHEBUSTING]" width="1" height="1" alt="">`;
  return (
    <section class="card first-steps">
      <h2>Nothing has been counted yet</h2>
      <ol>
        <li>
          <p>
            <a href={addressOf(['new-ad'])}>Register an ad</a> on this page, or by a command.{' '}
            {ads > 0 && `The catalogue has ${ads === 1 ? 'one ad' : `${ads} ads`} already, so you can do this later.`}
          </p>
          <CopyText
            label="the command that registers an ad"
            text="npm run ads -- add --id my-ad --title 'My ad' --target-url https://example.com/"
          />
        </li>
        <li>
          <p>
            Send a click for an ad, here <code>ad-001</code>. It appears on this page within two seconds.
          </p>
          <CopyText label="the command that sends a click" text={click} />
        </li>
        <li>
          <p>Or paste a tag into a page or an ad server, so that each view counts.</p>
          <CopyText label="the tag" text={pixel} />
        </li>
      </ol>
    </section>
  );
}
