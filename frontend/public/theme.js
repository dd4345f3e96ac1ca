// Runs before the first paint, so that a dark page never flashes light.
(() => {
  const chosen = localStorage.getItem("theme");
  const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
  document.documentElement.lang =
    localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");
})();
