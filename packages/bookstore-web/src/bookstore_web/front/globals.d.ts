// What the scripts in a version's document share, and what those of npm packages make there.

interface Window {
  bookstoreFrame: any;
  MathJax: any;
  mermaid: any;
  Plotly: any;
  vega: any;
  vegaLite: any;
}
