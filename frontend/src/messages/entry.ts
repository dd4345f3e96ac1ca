import { messages } from "@/lib/i18n";

export const entryMessages = messages({
  en: {
    logIn: "Log in",
    name: "User name",
    password: "Password",
    setUp: "Set up the gateway",
    setUpHint: "Make the first administrator. The gateway printed the setup token when it started.",
    token: "Setup token",
    tokenHint: "Works once.",
    newPassword: "Password",
    newPasswordHint: "At least 12 characters.",
    begin: "Make administrator",
    done: "The gateway has an administrator already.",
  },
  zh: {
    logIn: "登录",
    name: "用户名",
    password: "密码",
    setUp: "设置网关",
    setUpHint: "创建第一个管理员。设置令牌在网关启动时已打印。",
    token: "设置令牌",
    tokenHint: "只能使用一次。",
    newPassword: "密码",
    newPasswordHint: "至少 12 个字符。",
    begin: "创建管理员",
    done: "网关已经有管理员了。",
  },
});
