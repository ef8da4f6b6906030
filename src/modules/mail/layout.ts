/** The look of every mail (MJML), with the places that eta fills; and the same as plain text. */
export const LAYOUT = `
<mjml lang="en">
  <mj-head>
    <mj-title><%= it.subject %></mj-title>
    <mj-preview><%= it.paragraphs[0] %></mj-preview>
    <mj-attributes>
      <mj-all font-family="'Helvetica Neue', Helvetica, Arial, sans-serif" />
      <mj-text font-size="15px" line-height="1.55" color="#1c1b22" padding="6px 28px" />
    </mj-attributes>
    <mj-style>
      .facts td { padding: 7px 0; border-top: 1px solid #e6e3ee; vertical-align: top; }
      .facts td.label { color: #6b6875; width: 34%; padding-right: 12px; }
      .link { display: inline-block; margin: 4px 8px 4px 0; padding: 10px 18px; border-radius: 6px;
        background: #4c2a85; color: #ffffff !important; text-decoration: none; font-weight: 600; }
    </mj-style>
  </mj-head>
  <mj-body background-color="#f3f1f7" width="600px">
    <mj-section padding="28px 0 0 0">
      <mj-column background-color="#4c2a85" border-radius="10px 10px 0 0">
        <mj-text color="#ffffff" font-weight="700" padding="16px 28px"><%= it.from %></mj-text>
      </mj-column>
    </mj-section>
    <mj-section padding="0">
      <mj-column background-color="#ffffff" border-radius="0 0 10px 10px">
        <mj-text font-size="24px" line-height="1.25" font-weight="700" padding="26px 28px 8px 28px"><%= it.heading %></mj-text>
        <mj-raw><% for (const paragraph of it.paragraphs) { %></mj-raw>
        <mj-text><%= paragraph %></mj-text>
        <mj-raw><% } %></mj-raw>
        <mj-text padding="14px 28px 6px 28px">
          <table class="facts" width="100%" cellspacing="0" cellpadding="0" role="presentation">
            <% for (const [label, value] of it.facts) { %><tr><td class="label"><%= label %></td><td><strong><%= value %></strong></td></tr><% } %>
          </table>
        </mj-text>
        <mj-text padding="10px 28px 28px 28px"><% for (const link of it.links) { %><a class="link" href="<%= link.url %>"><%= link.label %></a><% } %></mj-text>
      </mj-column>
    </mj-section>
    <mj-section>
      <mj-column>
        <mj-text color="#6b6875" font-size="12px" align="center">Sent by Usher on behalf of <%= it.from %>.</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>`;

export const TEXT = `<%= it.heading %>


<% for (const paragraph of it.paragraphs) { %>
<%= paragraph %>


<% } %>
<% for (const [label, value] of it.facts) { %>
<%= label %>: <%= value %>

<% } %>
<% for (const link of it.links) { %>
<%= link.label %>: <%= link.url %>

<% } %>

--
Sent by Usher on behalf of <%= it.from %>.
`;
