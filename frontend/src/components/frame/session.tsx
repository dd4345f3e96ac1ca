"use client";

import { useQuery } from "@tanstack/react-query";
import { usePathname, useRouter } from "next/navigation";
import { createContext, useContext, useEffect } from "react";
import { ApiError, api, data, type Schemas } from "@/api/client";
import { ErrorNote, Skeleton } from "@/components/ui/states";
import { SESSION } from "@/lib/query";

const Current = createContext<Schemas["Session"] | null>(null);

/** Who is logged in. */
export function useSession(): Schemas["Session"] {
  const session = useContext(Current);
  if (!session) throw new Error("outside of SessionGate");
  return session;
}

/** Shows the dashboard to administrators; others are taken to the login, or at the first start to the setup. */
export function SessionGate({ children }: { children: React.ReactNode }) {
  const router = useRouter();
  const path = usePathname();
  const session = useQuery({
    queryKey: SESSION,
    queryFn: () => data(api.GET("/api/admin/session")),
    staleTime: 60_000,
  });
  const stranger = session.error instanceof ApiError && session.error.status === 401;
  const setup = useQuery({
    queryKey: ["setup"],
    queryFn: () => data(api.GET("/api/admin/setup")),
    enabled: stranger,
  });
  useEffect(() => {
    if (!stranger || !setup.data) return;
    const next = encodeURIComponent(path + window.location.search);
    router.replace(setup.data.required ? `/setup/${window.location.hash}` : `/login/?next=${next}`);
  }, [stranger, setup.data, router, path]);
  if (session.data && !stranger) return <Current.Provider value={session.data}>{children}</Current.Provider>;
  const error = stranger ? setup.error : session.error;
  return (
    <main className="mx-auto grid max-w-md gap-3 p-6">
      {error ? <ErrorNote error={error} retry={() => session.refetch()} /> : <Skeleton className="h-24" />}
    </main>
  );
}
