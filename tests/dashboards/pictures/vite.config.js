import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = { target: process.env.NADI_TSDB_URL, rewrite: (path) => path.replace(/^\/tsdb/, "") };

export default defineConfig({
  plugins: [react()],
  define: { "process.env.NODE_ENV": '"production"', "process.env": "{}" },
  preview: { host: "127.0.0.1", proxy: { "/tsdb": server } },
});
