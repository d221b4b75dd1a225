interface Properties {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The first rows of a table, which can scroll. */
export function TableView({ header, rows }: Properties) {
  return (
    <div class="table" tabIndex={0} role="region" aria-label="Scored rows">
      <table>
        <thead>
          <tr>
            {header.map((name, at) => (
              <th key={at} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map((cell, at) => (
                <td key={at}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
