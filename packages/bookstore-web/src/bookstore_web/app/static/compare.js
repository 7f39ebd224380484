// The page that compares: cells in frames when they are seen, and images one over another.

// ---- cells in sandboxed frames, instead of links ----

/** Pixels of a cell, which is as high as its content up to this height. */
const MOST_HEIGHT = 700;

function frame(link) {
  const element = document.createElement("iframe");
  element.setAttribute("sandbox", link.dataset.sandbox);
  element.title = link.dataset.title;
  element.dataset.most = MOST_HEIGHT;
  element.src = link.href;
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = link.textContent;
  figure.append(caption, element);
  link.replaceWith(figure);
}

// A link in a closed section never intersects the screen.
const watcher = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      frame(target);
    }
  },
  { rootMargin: "200px" },
);
for (const link of document.querySelectorAll("a.framed")) watcher.observe(link);

// ---- images: side by side, swiped, or laid over each other ----

const MODES = [
  ["Side by side", ""],
  ["Swipe", "is-swiped"],
  ["Overlay", "is-laid"],
];

function addTools(pictures) {
  const tools = document.createElement("div");
  tools.className = "tools";
  const modes = document.createElement("div");
  modes.className = "modes";
  modes.setAttribute("role", "group");
  modes.setAttribute("aria-label", `How to compare the images: ${pictures.dataset.pictures}`);
  const share = document.createElement("label");
  share.className = "share";
  const range = document.createElement("input");
  Object.assign(range, { type: "range", min: 0, max: 100, value: 50 });
  range.setAttribute("aria-label", "How much of the image after is shown");
  share.append("Before", range, "After");

  function place() {
    const shown = Number(range.value);
    range.setAttribute("aria-valuetext", `${shown} % after`);
    const isSwiped = pictures.classList.contains("is-swiped");
    pictures.style.setProperty("--at", isSwiped ? `${shown}%` : String(shown / 100));
  }

  function show(chosen) {
    for (const [, name] of MODES) if (name) pictures.classList.toggle(name, name === chosen);
    pictures.classList.toggle("is-stacked", chosen !== "");
    share.hidden = chosen === "";
    for (const button of modes.children) {
      button.setAttribute("aria-pressed", String(button.value === chosen));
    }
    place();
  }

  for (const [text, name] of MODES) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: text, value: name });
    button.addEventListener("click", () => show(name));
    modes.append(button);
  }
  range.addEventListener("input", place);
  tools.append(modes, share);
  pictures.prepend(tools);
  show("");
}

for (const pictures of document.querySelectorAll("[data-pictures]")) addTools(pictures);
