/** A number with a label, and further numbers below it. */
export function Tile(props: {
  readonly label: string;
  readonly value: string;
  readonly details: readonly (readonly [label: string, value: string])[];
}) {
  const { label, value, details } = props;
  return (
    <section class="tile">
      <h2>{label}</h2>
      <p class="tile-value">{value}</p>
      <dl>
        {details.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
