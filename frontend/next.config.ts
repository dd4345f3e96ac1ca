import type { NextConfig } from "next";

/** A static export: plain files that the gateway serves. The build id is fixed so that equal sources give equal files. */
const config: NextConfig = {
  output: "export",
  trailingSlash: true,
  images: { unoptimized: true },
  generateBuildId: async () => "build",
  reactStrictMode: true,
};

export default config;
